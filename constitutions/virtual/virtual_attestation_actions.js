// Constitution fragment: attestation policy of the virtual platform.
//
// The virtual platform has no hardware that vouches for its nodes, so what these tables admit is a
// convention and no proof: for development and tests. Stands anywhere after default/actions.js.

actions.set(
  "add_virtual_measurement",
  new Action(
    function validate(args) {
      checkType(args.measurement, "string", "measurement");
    },
    function apply(args, proposalId) {
      ccf.kv["public:ccf.gov.nodes.virtual.measurements"].set(
        ccf.strToBuf(args.measurement),
        ccf.jsonCompatibleToBuf("AllowedToJoin"),
      );
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_virtual_measurement",
  new Action(
    function validate(args) {
      checkType(args.measurement, "string", "measurement");
    },
    function apply(args) {
      const measurement = ccf.strToBuf(args.measurement);
      ccf.kv["public:ccf.gov.nodes.virtual.measurements"].delete(measurement);
    },
  ),
);

// A set of host data: the value of each row is eight zero bytes.
actions.set(
  "add_virtual_host_data",
  new Action(
    function validate(args) {
      checkType(args.host_data, "string", "host_data");
    },
    function apply(args, proposalId) {
      ccf.kv["public:ccf.gov.nodes.virtual.host_data"].set(
        ccf.strToBuf(args.host_data),
        getSingletonKvKey(),
      );
      invalidateOtherOpenProposals(proposalId);
    },
  ),
);

actions.set(
  "remove_virtual_host_data",
  new Action(
    function validate(args) {
      checkType(args.host_data, "string", "host_data");
    },
    function apply(args) {
      ccf.kv["public:ccf.gov.nodes.virtual.host_data"].delete(ccf.strToBuf(args.host_data));
    },
  ),
);
