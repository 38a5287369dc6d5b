import { registry } from "@web/core/registry";

/** The next answer about a timeline comes late, as over a slow line. */
function delayNextTimeline() {
    const { orm } = odoo.__WOWL_DEBUG__.root.env.services;
    const rpc = orm.rpc;
    orm.rpc = async (route, params, settings) => {
        const late = params.method === "get_timeline";
        if (late) {
            orm.rpc = rpc;
        }
        const answer = await rpc(route, params, settings);
        if (late) {
            await new Promise((resolve) => setTimeout(resolve, 1500));
        }
        return answer;
    };
}

/* A collector calls a customer who promises to pay: the page shows the pause and the
   call. "Page Customer" has one invoice overdue, "Second Customer" a smaller one, and
   nobody called: see tests/test_tour_customer_page.py. */
registry.category("web_tour.tours").add("account_dunning_customer_page", {
    steps: () => [
        {
            content: "open the customer",
            trigger: ".o_list_view .o_data_row:contains('Page Customer') .o_data_cell",
            run: "click",
        },
        {
            content: "nothing ticked means everything overdue, and the page says so",
            trigger: ".o_dunning_items:contains('Nothing ticked')",
        },
        {
            content: "the item says that it is overdue, and what the rules say",
            trigger: ".o_dunning_items tbody tr:contains('Overdue'):contains('No address')",
        },
        {
            content: "tick the item",
            trigger: ".o_dunning_items tbody input[type=checkbox]",
            run: "click",
        },
        {
            content: "the bar counts it",
            trigger: ".o_dunning_items:contains('Ticked: 1 item')",
        },
        {
            content: "log a call",
            trigger: ".o_dunning_items button[name=page_call]",
            run: "click",
        },
        {
            content: "what came of it",
            trigger: ".modal .o_field_widget[name=outcome] .btn:contains('Promises to pay'), .modal .o_field_widget[name=outcome] .o_selection_badge:contains('Promises to pay')",
            run: "click",
        },
        {
            content: "until when",
            trigger: ".modal .o_field_widget[name=promised_date] input, .modal .o_field_widget[name=promised_date] button",
            run: "click",
        },
        {
            content: "today",
            trigger: ".o_datetime_picker .o_today, .o_datetime_picker .o_date_item_cell.o_today",
            run: "click",
        },
        {
            content: "the next contact is proposed",
            trigger: ".modal .o_field_widget[name=next_contact_date]",
        },
        {
            content: "log it",
            trigger: ".modal footer button:contains('Log the call')",
            run: "click",
        },
        {
            content: "the pause shows on the item",
            trigger: ".o_dunning_items tbody tr:contains('Promised for')",
        },
        {
            content: "look at the timeline",
            trigger: ".o_notebook_headers a[name=timeline]",
            run: "click",
        },
        {
            content: "the call is there",
            trigger: ".o_dunning_timeline [data-kind=call]:contains('Promises to pay')",
        },
        {
            content: "only calls",
            trigger: ".o_dunning_timeline button[name=timeline_calls]",
            run: "click",
        },
        {
            content: "no pause among them",
            trigger: ".o_dunning_timeline:not(:has([data-kind=hold])) [data-kind=call]",
        },
        {
            content: "all again",
            trigger: ".o_dunning_timeline button[name=timeline_all]",
            run: "click",
        },
        {
            content: "over a slow line",
            trigger: ".o_dunning_timeline [data-kind=hold]",
            run: delayNextTimeline,
        },
        {
            content: "only calls",
            trigger: ".o_dunning_timeline button[name=timeline_calls]",
            run: "click",
        },
        {
            content: "and on to the next customer before the answer is there",
            trigger: ".o_pager_next",
            run: "click",
        },
        {
            content: "wait for the late answer",
            trigger: ".o_breadcrumb:contains('Second Customer'), .o_last_breadcrumb_item:contains('Second Customer')",
            run: () => new Promise((resolve) => setTimeout(resolve, 2500)),
        },
        {
            content: "it was of the customer before: here nobody called",
            trigger: ".o_dunning_timeline:not(:has([data-kind=call])) button[name=timeline_calls][aria-pressed=true]:enabled",
        },
    ],
});
