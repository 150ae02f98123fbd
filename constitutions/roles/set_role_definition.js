// Constitution fragment: roles of an application.
//
// Adds the action set_role_definition, which says what the holders of a role may do. A role is a
// table of the application, public:programmability.roles.<role>, with one row for each action that
// is allowed. Stands anywhere after default/actions.js.

actions.set(
  "set_role_definition",
  new Action(
    function validate(args) {
      checkType(args.role, "string", "role");
      checkType(args.actions, "array", "actions");
      for (const [i, action] of args.actions.entries()) {
        checkType(action, "string", `actions[${i}]`);
      }
    },
    function apply(args) {
      const role = ccf.kv[`public:programmability.roles.${args.role}`];
      role.clear();
      for (const action of new Set(args.actions)) {
        role.set(ccf.jsonCompatibleToBuf(action), getSingletonKvKey());
      }
    },
  ),
);
