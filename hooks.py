def post_init_hook(env):
    """Give the companies that exist already the shipped policies, and take over the
    credit limits kept in core.

    The fields' defaults serve companies made later; when the columns are added, the
    policies are not loaded yet.
    """
    company = env["res.company"].with_context(active_test=False)
    for field, xmlid in (
        ("dunning_policy_id", "dunning_policy_business_standard"),
        ("dunning_consumer_policy_id", "dunning_policy_consumer"),
    ):
        company.search([(field, "=", False)]).write(
            {field: env.ref(f"account_dunning.{xmlid}").id}
        )
    env["credit.profile"]._adopt_core_limits()
    env["credit.profile"]._adopt_core_default_limits()
