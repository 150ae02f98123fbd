// Constitution fragment for tests: actions whose fate test/resolve.js decides by their name.
//
// Never for a real service. Stands after default/actions.js. test/resolve.js also works without it.

for (const name of [
  "always_accept_noop",
  "always_reject_noop",
  "always_accept_with_one_vote",
  "always_reject_with_one_vote",
  "always_accept_if_voted_by_operator",
  "always_accept_if_proposed_by_operator",
  "always_accept_with_two_votes",
  "always_reject_with_two_votes",
  "always_throw_in_resolve",
  "check_proposal_id_is_set_correctly",
]) {
  actions.set(
    name,
    new Action(
      function validate() {},
      function apply() {},
    ),
  );
}

actions.set(
  "valid_pem",
  new Action(
    function validate(args) {
      checkX509CertBundle(args.pem, "pem");
    },
    function apply() {},
  ),
);

actions.set(
  "always_throw_in_apply",
  new Action(
    function validate() {},
    function apply() {
      throw new Error("Error message");
    },
  ),
);

actions.set(
  "set_service_recent_cose_proposals_window_size",
  new Action(
    function validate(args) {
      checkType(args.proposal_count, "integer", "proposal count");
      checkBounds(args.proposal_count, 1, 100000, "proposal count");
    },
    function apply(args) {
      const table = ccf.kv["public:ccf.gov.service.config"];
      const value = table.get(getSingletonKvKey());
      if (value === undefined) {
        throw new Error("Service configuration could not be found");
      }
      const config = ccf.bufToJsonCompatible(value);
      config.recent_cose_proposals_window_size = args.proposal_count;
      table.set(getSingletonKvKey(), ccf.jsonCompatibleToBuf(config));
    },
  ),
);
