// Quorate default constitution, part 1: the actions that a proposal may contain.
//
// A proposal is JSON: { "actions": [ { "name": <action>, "args": <arguments> }, ... ] }.
// Each action has two halves:
//   validate(args)             runs when the proposal is made. It may read the governance tables and
//                              throws if the arguments are wrong, so that nobody votes on nonsense.
//   apply(args, proposalId)    runs once the proposal is accepted. It writes the governance tables;
//                              if it throws, nothing of the proposal takes effect.
//
// This file defines the functions shared by all actions, then the actions by subject:
// constitution, members, users, service, JavaScript application, TLS and JWT, attestation, nodes.
// `validate.js`, `resolve.js` and `apply.js` use the `actions` map made here, and further files may
// add to it with `actions.set(name, new Action(validate, apply))`.

class Action {
  constructor(validate, apply) {
    this.validate = validate;
    this.apply = apply;
  }
}

const actions = new Map();

// ---------------------------------------------------------------------------------------------
// Checks of arguments. Each throws an error that names the field and says what is accepted.
// ---------------------------------------------------------------------------------------------

// `type` is "array", "integer" or a result of typeof; a trailing "?" also admits null and undefined.
function checkType(value, type, field) {
  if (type.endsWith("?")) {
    if (value === null || value === undefined) {
      return;
    }
    type = type.slice(0, -1);
  }
  if (type === "array") {
    if (!Array.isArray(value)) {
      throw new Error(`${field} must be an array`);
    }
  } else if (type === "integer") {
    if (!Number.isInteger(value)) {
      throw new Error(`${field} must be an integer`);
    }
  } else if (typeof value !== type) {
    throw new Error(`${field} must be of type ${type} but is ${typeof value}`);
  }
}

function checkEnum(value, members, field) {
  if (!members.includes(value)) {
    throw new Error(`${field} must be one of ${members}`);
  }
}

// Both bounds are inclusive; a bound of null leaves that side open.
function checkBounds(value, low, high, field) {
  if (low !== null && value < low) {
    throw new Error(`${field} must be greater than ${low}`);
  }
  if (high !== null && value > high) {
    throw new Error(`${field} must be lower than ${high}`);
  }
}

function checkNone(args) {
  if (args !== null && args !== undefined) {
    throw new Error(`Proposal does not accept any argument, found "${args}"`);
  }
}

// Ids of members, users and nodes are SHA-256 digests in hexadecimal.
function checkEntityId(value, field) {
  checkType(value, "string", field);
  if (value.length !== 64) {
    throw new Error(`${field} must contain exactly 64 characters`);
  }
  if (!/^[0-9a-fA-F]*$/.test(value)) {
    throw new Error(`${field} contains non-hexadecimal character`);
  }
}

function checkX509CertBundle(value, field) {
  if (!ccf.crypto.isValidX509CertBundle(value)) {
    throw new Error(`${field} must be a valid X509 certificate (bundle) in PEM format`);
  }
}

// A certificate is valid from a given time, for a number of days that may be left to the service.
function checkCertificateValidity(args) {
  checkType(args.valid_from, "string", "valid_from");
  if (args.validity_period_days !== undefined) {
    checkType(args.validity_period_days, "integer", "validity_period_days");
    checkBounds(args.validity_period_days, 1, null, "validity_period_days");
  }
}

function checkLowerCaseHex(value, byteCount, field) {
  checkType(value, "string", field);
  if (!/^[0-9a-f]*$/.test(value)) {
    throw new Error(`${field} must be a lowercase hex string: ${value}`);
  }
  if (hexToBytes(value).length !== byteCount) {
    throw new Error(`${field} must convert to exactly ${byteCount} bytes`);
  }
}

// A JSON Web Key Set, as published by an issuer of JWTs.
function checkJwks(value, field) {
  checkType(value, "object", field);
  checkType(value.keys, "array", `${field}.keys`);
  for (const [i, jwk] of value.keys.entries()) {
    const key = `${field}.keys[${i}]`;
    checkType(jwk.kid, "string", `${key}.kid`);
    checkType(jwk.kty, "string", `${key}.kty`);
    if (jwk.x5c) {
      checkX5c(jwk.x5c, `${key}.x5c`);
    } else if (jwk.n && jwk.e) {
      checkType(jwk.n, "string", `${key}.n`);
      checkType(jwk.e, "string", `${key}.e`);
    } else if (jwk.x && jwk.y && jwk.crv) {
      checkType(jwk.x, "string", `${key}.x`);
      checkType(jwk.y, "string", `${key}.y`);
      checkType(jwk.crv, "string", `${key}.crv`);
    } else {
      throw new Error(
        "JWK must contain either x5c, or n/e for RSA key type, or x/y/crv for EC key type",
      );
    }
  }
}

// The certificate chain of a JWK: DER in base64, without the lines that make it PEM.
function checkX5c(chain, field) {
  checkType(chain, "array", field);
  if (chain.length === 0) {
    throw new Error(`${field} must be an array of minimum 1 elements`);
  }
  for (const [i, certificate] of chain.entries()) {
    checkType(certificate, "string", `${field}[${i}]`);
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;
    checkX509CertBundle(pem, `${field}[${i}]`);
  }
}

// ---------------------------------------------------------------------------------------------
// Tables. Keys and values are bytes: text as UTF-8, JSON as its compact text.
// ---------------------------------------------------------------------------------------------

// The key of the only row of a table that has one row: eight zero bytes.
function getSingletonKvKey() {
  return new ArrayBuffer(8);
}

function readJsonRow(table, key) {
  const value = ccf.kv[table].get(key);
  return value === undefined ? undefined : ccf.bufToJsonCompatible(value);
}

function writeJsonRow(table, key, value) {
  ccf.kv[table].set(key, ccf.jsonCompatibleToBuf(value));
}

function getServiceConfiguration() {
  const config = readJsonRow("public:ccf.gov.service.config", getSingletonKvKey());
  if (config === undefined) {
    throw new Error("Service configuration could not be found");
  }
  return config;
}

function getServiceInfo() {
  const info = readJsonRow("public:ccf.gov.service.info", getSingletonKvKey());
  if (info === undefined) {
    throw new Error("Service information could not be found");
  }
  return info;
}

// Members decide on what a proposal meant when they voted. An action that changes this meaning, by
// another constitution or by what code may join, drops every other proposal that is still open.
function invalidateOtherOpenProposals(proposalId) {
  ccf.kv["public:ccf.gov.proposals_info"].forEach((value, key) => {
    if (ccf.bufToStr(key) === proposalId) {
      return;
    }
    const info = ccf.bufToJsonCompatible(value);
    if (info.state === "Open") {
      info.state = "Dropped";
      writeJsonRow("public:ccf.gov.proposals_info", key, info);
    }
  });
}

function hexToBytes(hex) {
  if (hex.length % 2 !== 0) {
    throw new Error("Hex string invalid: length must be multiple of 2");
  }
  if (!/^[0-9a-fA-F]*$/.test(hex)) {
    throw new Error("Hex string invalid: contains non-hexadecimal character");
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function bytesToHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ---------------------------------------------------------------------------------------------
// Constitution
// ---------------------------------------------------------------------------------------------

actions.set(
  "set_constitution",
  new Action(
    function validate(args) {
      checkType(args.constitution, "string", "constitution");
      ccf.gov.validateConstitution(args.constitution);
    },
    function apply(args, proposalId) {
      writeJsonRow("public:ccf.gov.constitution", getSingletonKvKey(), args.constitution);
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// Members
// ---------------------------------------------------------------------------------------------

// Members that take part in recovery: active, with an encryption key.
function countActiveRecoveryMembers() {
  let count = 0;
  ccf.kv["public:ccf.gov.members.encryption_public_keys"].forEach((_, memberId) => {
    if (readJsonRow("public:ccf.gov.members.info", memberId)?.status === "Active") {
      count++;
    }
  });
  return count;
}

// Adds a member, or replaces one. Either way the member has to acknowledge the state of the service
// before it can propose or vote.
actions.set(
  "set_member",
  new Action(
    function validate(args) {
      checkX509CertBundle(args.cert, "cert");
      checkType(args.member_data, "object?", "member_data");
      if (args.recovery_role !== undefined) {
        checkEnum(args.recovery_role, ["NonParticipant", "Participant", "Owner"], "recovery_role");
        if (args.encryption_pub_key === undefined || args.encryption_pub_key === null) {
          throw new Error(
            "Cannot specify a recovery_role value when encryption_pub_key is not specified",
          );
        }
      }
    },
    function apply(args) {
      const memberId = ccf.strToBuf(ccf.pemToId(args.cert));
      const signature = readJsonRow("public:ccf.internal.signatures", getSingletonKvKey());
      if (signature === undefined) {
        throw new Error("Service has no signature yet that a new member could acknowledge");
      }

      ccf.kv["public:ccf.gov.members.certs"].set(memberId, ccf.strToBuf(args.cert));

      const encryptionKeys = ccf.kv["public:ccf.gov.members.encryption_public_keys"];
      if (args.encryption_pub_key === undefined || args.encryption_pub_key === null) {
        encryptionKeys.delete(memberId);
      } else {
        encryptionKeys.set(memberId, ccf.strToBuf(args.encryption_pub_key));
      }

      writeJsonRow("public:ccf.gov.members.info", memberId, {
        member_data: args.member_data,
        recovery_role: args.recovery_role,
        status: "Accepted",
      });
      writeJsonRow("public:ccf.gov.members.acks", memberId, { state_digest: signature.root });
    },
  ),
);

actions.set(
  "remove_member",
  new Action(
    function validate(args) {
      checkEntityId(args.member_id, "member_id");
    },
    function apply(args) {
      const memberId = ccf.strToBuf(args.member_id);
      const member = readJsonRow("public:ccf.gov.members.info", memberId);
      if (member === undefined) {
        return;
      }

      const holdsShare =
        member.status === "Active" &&
        ccf.kv["public:ccf.gov.members.encryption_public_keys"].has(memberId);
      if (holdsShare) {
        const threshold = getServiceConfiguration().recovery_threshold;
        const remaining = countActiveRecoveryMembers() - 1;
        if (remaining < threshold) {
          throw new Error(
            `Number of active recovery members (${remaining}) would be less than recovery threshold (${threshold})`,
          );
        }
      }

      ccf.kv["public:ccf.gov.members.info"].delete(memberId);
      ccf.kv["public:ccf.gov.members.encryption_public_keys"].delete(memberId);
      ccf.kv["public:ccf.gov.members.certs"].delete(memberId);
      ccf.kv["public:ccf.gov.members.acks"].delete(memberId);
      ccf.kv["public:ccf.gov.history"].delete(memberId);

      // The share of a removed member must be of no use for what is written from now on.
      if (holdsShare) {
        ccf.node.triggerLedgerRekey();
      }
    },
  ),
);

actions.set(
  "set_member_data",
  new Action(
    function validate(args) {
      checkEntityId(args.member_id, "member_id");
      checkType(args.member_data, "object", "member_data");
    },
    function apply(args) {
      const memberId = ccf.strToBuf(args.member_id);
      const member = readJsonRow("public:ccf.gov.members.info", memberId);
      if (member === undefined) {
        throw new Error(`Member ${args.member_id} does not exist`);
      }
      member.member_data = args.member_data;
      writeJsonRow("public:ccf.gov.members.info", memberId, member);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// Users
// ---------------------------------------------------------------------------------------------

function writeUserData(userId, userData) {
  if (userData === undefined || userData === null) {
    ccf.kv["public:ccf.gov.users.info"].delete(userId);
  } else {
    writeJsonRow("public:ccf.gov.users.info", userId, { user_data: userData });
  }
}

actions.set(
  "set_user",
  new Action(
    function validate(args) {
      checkX509CertBundle(args.cert, "cert");
      checkType(args.user_data, "object?", "user_data");
    },
    function apply(args) {
      const userId = ccf.strToBuf(ccf.pemToId(args.cert));
      ccf.kv["public:ccf.gov.users.certs"].set(userId, ccf.strToBuf(args.cert));
      writeUserData(userId, args.user_data);
    },
  ),
);

actions.set(
  "remove_user",
  new Action(
    function validate(args) {
      checkEntityId(args.user_id, "user_id");
    },
    function apply(args) {
      const userId = ccf.strToBuf(args.user_id);
      ccf.kv["public:ccf.gov.users.certs"].delete(userId);
      ccf.kv["public:ccf.gov.users.info"].delete(userId);
    },
  ),
);

actions.set(
  "set_user_data",
  new Action(
    function validate(args) {
      checkEntityId(args.user_id, "user_id");
      checkType(args.user_data, "object?", "user_data");
    },
    function apply(args) {
      writeUserData(ccf.strToBuf(args.user_id), args.user_data);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// Service: configuration, recovery shares, opening, certificate
// ---------------------------------------------------------------------------------------------

// Sets the given fields of the service configuration. Another recovery threshold means other
// recovery shares, so these are issued again in the same transaction.
function updateServiceConfiguration(changes) {
  const config = getServiceConfiguration();

  const type = changes.reconfiguration_type ?? config.reconfiguration_type;
  if (type !== config.reconfiguration_type) {
    const before = config.reconfiguration_type ?? "OneTransaction";
    if (before !== "OneTransaction" || type !== "TwoTransaction") {
      throw new Error(
        `Cannot change reconfiguration type from ${config.reconfiguration_type} to ${type}.`,
      );
    }
    config.reconfiguration_type = type;
  }

  const threshold = changes.recovery_threshold ?? config.recovery_threshold;
  const thresholdChanges = threshold !== config.recovery_threshold;
  if (thresholdChanges) {
    checkRecoveryThresholdChange(threshold);
    config.recovery_threshold = threshold;
  }

  const windowSize = changes.recent_cose_proposals_window_size;
  if (windowSize !== undefined && windowSize !== null) {
    config.recent_cose_proposals_window_size = windowSize;
  }

  writeJsonRow("public:ccf.gov.service.config", getSingletonKvKey(), config);
  if (thresholdChanges) {
    ccf.node.triggerRecoverySharesRefresh();
  }
}

function checkRecoveryThresholdChange(threshold) {
  const service = getServiceInfo();
  if (service.status === "WaitingForRecoveryShares") {
    throw new Error("Cannot set recovery threshold if service is WaitingForRecoveryShares");
  }
  if (service.status === "Open") {
    const count = countActiveRecoveryMembers();
    if (threshold > count) {
      throw new Error(
        `Cannot set recovery threshold to ${threshold}: recovery threshold would be greater than the number of recovery members ${count}`,
      );
    }
  }
}

actions.set(
  "set_recovery_threshold",
  new Action(
    function validate(args) {
      checkType(args.recovery_threshold, "integer", "threshold");
      checkBounds(args.recovery_threshold, 1, 254, "threshold");
    },
    function apply(args) {
      updateServiceConfiguration(args);
    },
  ),
);

actions.set(
  "set_service_configuration",
  new Action(
    function validate(args) {
      const known = [
        "reconfiguration_type",
        "recovery_threshold",
        "recent_cose_proposals_window_size",
      ];
      for (const key of Object.keys(args)) {
        if (!known.includes(key)) {
          throw new Error(`Cannot change ${key} via set_service_configuration.`);
        }
      }
      checkType(args.reconfiguration_type, "string?", "reconfiguration type");
      checkType(args.recovery_threshold, "integer?", "recovery threshold");
      checkBounds(args.recovery_threshold, 1, 254, "recovery threshold");
      const windowSize = args.recent_cose_proposals_window_size;
      checkType(windowSize, "integer?", "recent cose proposals window size");
      checkBounds(windowSize, 1, 10000, "recent cose proposals window size");
    },
    function apply(args) {
      updateServiceConfiguration(args);
    },
  ),
);

actions.set(
  "trigger_recovery_shares_refresh",
  new Action(
    function validate(args) {
      checkNone(args);
    },
    function apply() {
      ccf.node.triggerRecoverySharesRefresh();
    },
  ),
);

actions.set(
  "trigger_ledger_rekey",
  new Action(
    function validate(args) {
      checkNone(args);
    },
    function apply() {
      ccf.node.triggerLedgerRekey();
    },
  ),
);

// Opens a new service to its users, or goes on with the recovery of a service. The members state
// which service they mean by its certificate, and after a disaster also by that of its predecessor.
actions.set(
  "transition_service_to_open",
  new Action(
    function validate(args) {
      checkType(
        args.next_service_identity,
        "string",
        "next service identity (PEM certificate)",
      );
      checkX509CertBundle(args.next_service_identity, "next_service_identity");
      checkType(
        args.previous_service_identity,
        "string?",
        "previous service identity (PEM certificate)",
      );
      if (args.previous_service_identity !== undefined) {
        checkX509CertBundle(args.previous_service_identity, "previous_service_identity");
      }
    },
    function apply(args) {
      const service = getServiceInfo();
      const { previous_service_identity: previous, next_service_identity: next } = args;
      if (service.status === "Recovering" && (previous === undefined || next === undefined)) {
        throw new Error(
          "Opening a recovering network requires both, the previous and the next service identity",
        );
      }
      ccf.node.transitionServiceToOpen(
        previous === undefined ? undefined : ccf.strToBuf(previous),
        next === undefined ? undefined : ccf.strToBuf(next),
      );
    },
  ),
);

// Days that a certificate will be valid: as asked for, at most `maximum`, which is also the default.
function chooseValidityPeriod(days, maximum) {
  if (days !== undefined && days > maximum) {
    throw new Error(
      `Validity period ${days} (days) is not allowed: service max allowed is ${maximum} (days)`,
    );
  }
  return days ?? maximum;
}

actions.set(
  "set_service_certificate_validity",
  new Action(
    function validate(args) {
      checkCertificateValidity(args);
    },
    function apply(args) {
      const days = chooseValidityPeriod(
        args.validity_period_days,
        getServiceConfiguration().maximum_service_certificate_validity_days ?? 365,
      );
      const service = readJsonRow("public:ccf.gov.service.info", getSingletonKvKey());
      if (service === undefined) {
        throw new Error("Service info could not be found");
      }
      service.cert = ccf.network.generateNetworkCertificate(args.valid_from, days);
      writeJsonRow("public:ccf.gov.service.info", getSingletonKvKey(), service);
    },
  ),
);

// Put in front of other actions, this ties a proposal to one service: elsewhere it is refused.
actions.set(
  "assert_service_identity",
  new Action(
    function validate(args) {
      checkX509CertBundle(args.service_identity, "service_identity");
      if (args.service_identity !== getServiceInfo().cert) {
        throw new Error("Service identity certificate mismatch");
      }
    },
    function apply() {},
  ),
);

actions.set(
  "trigger_ledger_chunk",
  new Action(
    function validate() {},
    function apply() {
      ccf.node.triggerLedgerChunk();
    },
  ),
);

actions.set(
  "trigger_snapshot",
  new Action(
    function validate() {},
    function apply() {
      ccf.node.triggerSnapshot();
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// JavaScript application
// ---------------------------------------------------------------------------------------------

function checkJsBundle(bundle) {
  checkType(bundle, "object", "bundle");
  checkType(bundle.modules, "array", "bundle.modules");
  for (const [i, module] of bundle.modules.entries()) {
    checkType(module, "object", `bundle.modules[${i}]`);
    checkType(module.name, "string", `bundle.modules[${i}].name`);
    checkType(module.module, "string", `bundle.modules[${i}].module`);
  }

  checkType(bundle.metadata, "object", "bundle.metadata");
  checkType(bundle.metadata.endpoints, "object", "bundle.metadata.endpoints");
  const moduleNames = bundle.modules.map((module) => module.name);
  for (const [url, methods] of Object.entries(bundle.metadata.endpoints)) {
    const path = `bundle.metadata.endpoints["${url}"]`;
    checkType(methods, "object", path);
    for (const [method, info] of Object.entries(methods)) {
      checkJsEndpoint(info, `${path}["${method}"]`, moduleNames);
    }
  }
}

function checkJsEndpoint(info, field, moduleNames) {
  checkType(info, "object", field);
  checkType(info.js_module, "string", `${field}.js_module`);
  checkType(info.js_function, "string", `${field}.js_function`);
  checkEnum(info.mode, ["readwrite", "readonly", "historical"], `${field}.mode`);
  checkEnum(
    info.forwarding_required,
    ["sometimes", "always", "never"],
    `${field}.forwarding_required`,
  );
  if (info.redirection_strategy !== undefined) {
    checkEnum(
      info.redirection_strategy,
      ["none", "to_primary", "to_backup"],
      `${field}.redirection_strategy`,
    );
  }
  checkType(info.openapi, "object?", `${field}.openapi`);
  checkType(info.openapi_hidden, "boolean?", `${field}.openapi_hidden`);

  checkType(info.authn_policies, "array", `${field}.authn_policies`);
  for (const [i, policy] of info.authn_policies.entries()) {
    checkAuthnPolicy(policy, `${field}.authn_policies[${i}]`);
  }

  if (!moduleNames.includes(info.js_module)) {
    throw new Error(`module '${info.js_module}' not found in bundle`);
  }
}

// Either the name of a policy, or several that must all be met.
function checkAuthnPolicy(policy, field) {
  if (typeof policy === "string") {
    return;
  }
  if (typeof policy !== "object") {
    throw new Error(`${field} must be of type string or object but is ${typeof policy}`);
  }
  checkType(policy.all_of, "array", `${field}.all_of`);
  for (const [i, name] of policy.all_of.entries()) {
    checkType(name, "string", `${field}.all_of[${i}]`);
  }
}

// Replaces the whole application.
actions.set(
  "set_js_app",
  new Action(
    function validate(args) {
      checkJsBundle(args.bundle);
      checkType(args.disable_bytecode_cache, "boolean?", "disable_bytecode_cache");
    },
    function apply(args) {
      const modules = ccf.kv["public:ccf.gov.modules"];
      modules.clear();
      for (const { name, module } of args.bundle.modules) {
        modules.set(ccf.strToBuf(`/${name}`), ccf.strToBuf(module));
      }

      if (args.disable_bytecode_cache) {
        ccf.kv["public:ccf.gov.modules_quickjs_bytecode"].clear();
        ccf.kv["public:ccf.gov.modules_quickjs_version"].clear();
      } else {
        ccf.refreshAppBytecodeCache();
      }
      writeJsonRow("public:ccf.gov.interpreter.flush", getSingletonKvKey(), true);

      ccf.kv["public:ccf.gov.endpoints"].clear();
      for (const [url, methods] of Object.entries(args.bundle.metadata.endpoints)) {
        for (const [method, info] of Object.entries(methods)) {
          const endpoint = ccf.strToBuf(`${method.toUpperCase()} ${url}`);
          writeJsonRow("public:ccf.gov.endpoints", endpoint, {
            ...info,
            js_module: `/${info.js_module}`,
          });
        }
      }
    },
  ),
);

actions.set(
  "remove_js_app",
  new Action(
    function validate() {},
    function apply() {
      ccf.kv["public:ccf.gov.modules"].clear();
      ccf.kv["public:ccf.gov.modules_quickjs_bytecode"].clear();
      ccf.kv["public:ccf.gov.modules_quickjs_version"].clear();
      ccf.kv["public:ccf.gov.interpreter.flush"].clear();
      ccf.kv["public:ccf.gov.endpoints"].clear();
    },
  ),
);

actions.set(
  "refresh_js_app_bytecode_cache",
  new Action(
    function validate() {},
    function apply() {
      ccf.refreshAppBytecodeCache();
    },
  ),
);

actions.set(
  "set_js_runtime_options",
  new Action(
    function validate(args) {
      checkType(args.max_heap_bytes, "integer", "max_heap_bytes");
      checkType(args.max_stack_bytes, "integer", "max_stack_bytes");
      checkType(args.max_execution_time_ms, "integer", "max_execution_time_ms");
      checkType(args.log_exception_details, "boolean?", "log_exception_details");
      checkType(args.return_exception_details, "boolean?", "return_exception_details");
      checkType(args.max_cached_interpreters, "integer?", "max_cached_interpreters");
    },
    function apply(args) {
      writeJsonRow("public:ccf.gov.js_runtime_options", getSingletonKvKey(), args);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// TLS and JWT
// ---------------------------------------------------------------------------------------------

actions.set(
  "set_ca_cert_bundle",
  new Action(
    function validate(args) {
      checkType(args.name, "string", "name");
      checkX509CertBundle(args.cert_bundle, "cert_bundle");
    },
    function apply(args) {
      const name = ccf.strToBuf(args.name);
      writeJsonRow("public:ccf.gov.tls.ca_cert_bundles", name, args.cert_bundle);
    },
  ),
);

actions.set(
  "remove_ca_cert_bundle",
  new Action(
    function validate(args) {
      checkType(args.name, "string", "name");
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.tls.ca_cert_bundles"].delete(ccf.strToBuf(args.name));
    },
  ),
);

actions.set(
  "set_jwt_issuer",
  new Action(
    function validate(args) {
      checkType(args.issuer, "string", "issuer");
      checkType(args.auto_refresh, "boolean?", "auto_refresh");
      checkType(args.ca_cert_bundle_name, "string?", "ca_cert_bundle_name");
      if (args.jwks !== undefined && args.jwks !== null) {
        checkJwks(args.jwks, "jwks");
      }
      // With automatic refresh the keys are fetched from the issuer, over TLS.
      if (args.auto_refresh) {
        if (!args.ca_cert_bundle_name) {
          throw new Error("ca_cert_bundle_name is missing but required if auto_refresh is true");
        }
        if (!args.issuer.startsWith("https://")) {
          throw new Error(
            "issuer must be a URL starting with https:// if auto_refresh is true",
          );
        }
        if (/[?#]/.test(args.issuer)) {
          throw new Error(
            "issuer must be a URL without query/fragment if auto_refresh is true",
          );
        }
      }
    },
    function apply(args) {
      if (args.auto_refresh) {
        const bundle = ccf.strToBuf(args.ca_cert_bundle_name);
        if (!ccf.kv["public:ccf.gov.tls.ca_cert_bundles"].has(bundle)) {
          throw new Error(`No CA cert bundle found with name '${args.ca_cert_bundle_name}'`);
        }
      }
      const { jwks, ...metadata } = args;
      if (jwks !== undefined && jwks !== null) {
        ccf.setJwtPublicSigningKeys(args.issuer, metadata, jwks);
      }
      writeJsonRow("public:ccf.gov.jwt.issuers", ccf.strToBuf(args.issuer), metadata);
    },
  ),
);

actions.set(
  "set_jwt_public_signing_keys",
  new Action(
    function validate(args) {
      checkType(args.issuer, "string", "issuer");
      checkJwks(args.jwks, "jwks");
    },
    function apply(args) {
      const metadata = readJsonRow("public:ccf.gov.jwt.issuers", ccf.strToBuf(args.issuer));
      if (metadata === undefined) {
        throw new Error(`issuer ${args.issuer} not found`);
      }
      ccf.setJwtPublicSigningKeys(args.issuer, metadata, args.jwks);
    },
  ),
);

actions.set(
  "remove_jwt_issuer",
  new Action(
    function validate(args) {
      checkType(args.issuer, "string", "issuer");
    },
    function apply(args) {
      const issuer = ccf.strToBuf(args.issuer);
      if (!ccf.kv["public:ccf.gov.jwt.issuers"].has(issuer)) {
        return;
      }
      ccf.kv["public:ccf.gov.jwt.issuers"].delete(issuer);
      ccf.removeJwtPublicSigningKeys(args.issuer);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// Attestation: which code, on which platform, may join the service
// ---------------------------------------------------------------------------------------------

actions.set(
  "add_node_code",
  new Action(
    function validate(args) {
      checkType(args.code_id, "string", "code_id");
    },
    function apply(args, proposalId) {
      const codeId = ccf.strToBuf(args.code_id);
      writeJsonRow("public:ccf.gov.nodes.code_ids", codeId, "AllowedToJoin");
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_node_code",
  new Action(
    function validate(args) {
      checkType(args.code_id, "string", "code_id");
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.nodes.code_ids"].delete(ccf.strToBuf(args.code_id));
    },
  ),
);

actions.set(
  "add_snp_measurement",
  new Action(
    function validate(args) {
      checkType(args.measurement, "string", "measurement");
    },
    function apply(args, proposalId) {
      const measurement = ccf.strToBuf(args.measurement);
      writeJsonRow("public:ccf.gov.nodes.snp.measurements", measurement, "AllowedToJoin");
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_snp_measurement",
  new Action(
    function validate(args) {
      checkType(args.measurement, "string", "measurement");
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.nodes.snp.measurements"].delete(ccf.strToBuf(args.measurement));
    },
  ),
);

// Endorsements of utility VM images: per issuer (did) and feed, the least security version.
actions.set(
  "add_snp_uvm_endorsement",
  new Action(
    function validate(args) {
      checkType(args.did, "string", "did");
      checkType(args.feed, "string", "feed");
      checkType(args.svn, "string", "svn");
    },
    function apply(args, proposalId) {
      const did = ccf.strToBuf(args.did);
      const feeds = readJsonRow("public:ccf.gov.nodes.snp.uvm_endorsements", did) ?? {};
      feeds[args.feed] = { svn: args.svn };
      writeJsonRow("public:ccf.gov.nodes.snp.uvm_endorsements", did, feeds);
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_snp_uvm_endorsement",
  new Action(
    function validate(args) {
      checkType(args.did, "string", "did");
      checkType(args.feed, "string", "feed");
    },
    function apply(args) {
      const did = ccf.strToBuf(args.did);
      const feeds = readJsonRow("public:ccf.gov.nodes.snp.uvm_endorsements", did);
      if (feeds === undefined) {
        return;
      }
      delete feeds[args.feed];
      if (Object.keys(feeds).length === 0) {
        ccf.kv["public:ccf.gov.nodes.snp.uvm_endorsements"].delete(did);
      } else {
        writeJsonRow("public:ccf.gov.nodes.snp.uvm_endorsements", did, feeds);
      }
    },
  ),
);

// Host data of SEV-SNP is the SHA-256 of the security policy. The policy text is kept beside it for
// the members to read, or left empty.
actions.set(
  "add_snp_host_data",
  new Action(
    function validate(args) {
      checkType(args.security_policy, "string", "security_policy");
      checkType(args.host_data, "string", "host_data");
      if (args.security_policy !== "") {
        const policy = ccf.strToBuf(args.security_policy);
        const digest = bytesToHex(new Uint8Array(ccf.crypto.digest("SHA-256", policy)));
        const hostData = bytesToHex(hexToBytes(args.host_data));
        if (digest !== hostData) {
          throw new Error(
            `The hash of raw policy ${digest} does not match digest ${hostData}`,
          );
        }
      }
    },
    function apply(args, proposalId) {
      const hostData = ccf.strToBuf(args.host_data);
      writeJsonRow("public:ccf.gov.nodes.snp.host_data", hostData, args.security_policy);
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_snp_host_data",
  new Action(
    function validate(args) {
      checkType(args.host_data, "string", "host_data");
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.nodes.snp.host_data"].delete(ccf.strToBuf(args.host_data));
    },
  ),
);

// The least version of each part of the trusted computing base, per processor model (cpuid).
actions.set(
  "set_snp_minimum_tcb_version",
  new Action(
    function validate(args) {
      checkLowerCaseHex(args.cpuid, 4, "cpuid");
      checkType(args.tcb_version, "object", "tcb_version");
      for (const part of ["boot_loader", "tee", "snp", "microcode"]) {
        checkType(args.tcb_version[part], "number", `tcb_version.${part}`);
      }
    },
    function apply(args, proposalId) {
      const cpuid = ccf.strToBuf(args.cpuid);
      writeJsonRow("public:ccf.gov.nodes.snp.tcb_versions", cpuid, args.tcb_version);
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "set_snp_minimum_tcb_version_hex",
  new Action(
    function validate(args) {
      checkLowerCaseHex(args.cpuid, 4, "cpuid");
      checkLowerCaseHex(args.tcb_version, 8, "tcb_version");
    },
    function apply(args, proposalId) {
      const cpuid = ccf.strToBuf(args.cpuid);
      const policy = ccf.tcbHexToPolicy(args.cpuid, args.tcb_version);
      writeJsonRow("public:ccf.gov.nodes.snp.tcb_versions", cpuid, policy);
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_snp_minimum_tcb_version",
  new Action(
    function validate(args) {
      checkLowerCaseHex(args.cpuid, 4, "cpuid");
    },
    function apply(args) {
      const cpuid = ccf.strToBuf(args.cpuid);
      if (!ccf.kv["public:ccf.gov.nodes.snp.tcb_versions"].has(cpuid)) {
        throw new Error(`CPUID ${args.cpuid} not found`);
      }
      ccf.kv["public:ccf.gov.nodes.snp.tcb_versions"].delete(cpuid);
    },
  ),
);

// ---------------------------------------------------------------------------------------------
// Nodes
// ---------------------------------------------------------------------------------------------

function getMaximumNodeValidityDays() {
  return getServiceConfiguration().maximum_node_certificate_validity_days ?? 365;
}

// A new certificate, endorsed by the service, for the same key of the node.
function renewNodeCertificate(nodeId, node, args) {
  if (node.status !== "Trusted") {
    throw new Error(`Node ${nodeId} is not trusted`);
  }
  if (node.certificate_signing_request === undefined) {
    throw new Error(`Node ${nodeId} has no certificate signing request`);
  }
  const days = chooseValidityPeriod(args.validity_period_days, getMaximumNodeValidityDays());
  const certificate = ccf.network.generateEndorsedCertificate(
    node.certificate_signing_request,
    args.valid_from,
    days,
  );
  ccf.kv["public:ccf.gov.nodes.endorsed_certificates"].set(
    ccf.strToBuf(nodeId),
    ccf.strToBuf(certificate),
  );
}

actions.set(
  "set_node_data",
  new Action(
    function validate(args) {
      checkEntityId(args.node_id, "node_id");
    },
    function apply(args) {
      const nodeId = ccf.strToBuf(args.node_id);
      const node = readJsonRow("public:ccf.gov.nodes.info", nodeId);
      if (node === undefined) {
        // Tools know this text, in which the id is printed as the buffer that it was looked up with.
        throw new Error(`Node ${nodeId} does not exist`);
      }
      node.node_data = args.node_data;
      writeJsonRow("public:ccf.gov.nodes.info", nodeId, node);
    },
  ),
);

actions.set(
  "transition_node_to_trusted",
  new Action(
    function validate(args) {
      checkEntityId(args.node_id, "node_id");
      checkCertificateValidity(args);
    },
    function apply(args) {
      const maximumDays = getMaximumNodeValidityDays();
      const nodeId = ccf.strToBuf(args.node_id);
      const node = readJsonRow("public:ccf.gov.nodes.info", nodeId);
      if (node === undefined) {
        throw new Error(`No such node: ${args.node_id}`);
      }
      if (node.status !== "Pending") {
        return;
      }

      node.status = "Trusted";
      node.ledger_secret_seqno = ccf.network.getLatestLedgerSecretSeqno();
      writeJsonRow("public:ccf.gov.nodes.info", nodeId, node);

      if (node.certificate_signing_request !== undefined) {
        const days = args.validity_period_days ?? maximumDays;
        if (days > maximumDays) {
          throw new Error(
            `Validity period ${days} is not allowed: max allowed is ${maximumDays}`,
          );
        }
        const certificate = ccf.network.generateEndorsedCertificate(
          node.certificate_signing_request,
          args.valid_from,
          days,
        );
        ccf.kv["public:ccf.gov.nodes.endorsed_certificates"].set(
          nodeId,
          ccf.strToBuf(certificate),
        );
      }
    },
  ),
);

// A node that never was trusted is forgotten at once. One that was is retired: it is kept until all
// nodes know of its retirement.
actions.set(
  "remove_node",
  new Action(
    function validate(args) {
      checkEntityId(args.node_id, "node_id");
    },
    function apply(args) {
      getServiceConfiguration();
      const nodeId = ccf.strToBuf(args.node_id);
      const node = readJsonRow("public:ccf.gov.nodes.info", nodeId);
      if (node === undefined) {
        return;
      }
      if (node.status === "Pending") {
        ccf.kv["public:ccf.gov.nodes.info"].delete(nodeId);
      } else {
        node.status = "Retired";
        writeJsonRow("public:ccf.gov.nodes.info", nodeId, node);
      }
    },
  ),
);

actions.set(
  "set_node_certificate_validity",
  new Action(
    function validate(args) {
      checkEntityId(args.node_id, "node_id");
      checkCertificateValidity(args);
    },
    function apply(args) {
      const node = readJsonRow("public:ccf.gov.nodes.info", ccf.strToBuf(args.node_id));
      if (node === undefined) {
        throw new Error(`No such node: ${args.node_id}`);
      }
      renewNodeCertificate(args.node_id, node, args);
    },
  ),
);

actions.set(
  "set_all_nodes_certificate_validity",
  new Action(
    function validate(args) {
      checkCertificateValidity(args);
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.nodes.info"].forEach((value, key) => {
        const node = ccf.bufToJsonCompatible(value);
        if (node.status === "Trusted") {
          renewNodeCertificate(ccf.bufToStr(key), node, args);
        }
      });
    },
  ),
);
