import { Component, useState, xml } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { View } from "@web/views/view";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useEachReading } from "./each_reading";

/**
 * The records of a customer as a list in a tab, asked for when the tab is opened.
 *
 * Attributes of the widget: `model`, `list` (external id of the view), `help` (what the
 * empty list says).
 */
export class DunningRecords extends Component {
    static template = xml`
        <View t-if="state.count" t-key="state.reading" t-props="viewProps" />
        <div t-else="" class="text-muted" t-out="props.help" />
    `;
    static components = { View };
    static props = {
        ...standardWidgetProps,
        model: String,
        list: String,
        help: { type: String, optional: true },
    };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ count: 0, reading: 0 });
        useEachReading(async (record) => {
            const domain = this.domainOf(record);
            this.state.count = await this.orm.searchCount(this.props.model, domain);
            this.state.reading++;
        });
    }

    domainOf(record) {
        return [["profile_id", "=", record.resId]];
    }

    get viewProps() {
        const { list, model, record } = this.props;
        return {
            type: "list",
            resModel: model,
            views: [[false, "list"]],
            domain: this.domainOf(record),
            context: { list_view_ref: list, create: false, delete: false },
            display: { controlPanel: false },
            allowSelectors: false,
            searchMenuTypes: [],
            selectRecord: (resId) =>
                this.action.doAction({
                    type: "ir.actions.act_window",
                    res_model: model,
                    res_id: resId,
                    views: [[false, "form"]],
                }),
        };
    }
}

registry.category("view_widgets").add("dunning_records", {
    component: DunningRecords,
    extractProps: ({ attrs }) => ({
        model: attrs.model,
        list: attrs.list,
        help: attrs.help,
    }),
});
