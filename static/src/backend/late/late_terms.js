import { Component, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useEachReading } from "../customer_page/each_reading";

/** Which law of late payment holds for a customer; asked for when the tab is opened. */
export class LateTerms extends Component {
    static template = "account_dunning.LateTerms";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ terms: null });
        useEachReading(async (record) => {
            this.state.terms = record.resId
                ? await this.orm.call(record.resModel, "get_late_terms", [record.resId])
                : null;
        });
    }

    openRegime() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "late.regime",
            res_id: this.state.terms.regime.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("view_widgets").add("late_terms", { component: LateTerms });
