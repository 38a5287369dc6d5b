import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/**
 * "Done, next customer": says that nothing more is to be done with this customer today
 * and goes to the next one of the list the form was opened from; after the last one,
 * back to the list.
 */
export class DoneNext extends Component {
    static template = "account_dunning.DoneNext";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({ busy: false });
    }

    async done() {
        const { record } = this.props;
        this.state.busy = true;
        try {
            if (!(await record.save())) {
                return;
            }
            const { resId, resIds } = record;
            await this.orm.call("credit.profile", "action_done", [[resId]]);
            this.tellDone(record.data.display_name, resId);
            const next = await this.nextOf(resIds.slice(resIds.indexOf(resId) + 1));
            if (next) {
                await record.model.load({ resId: next });
            } else {
                await this.action.doAction("account_dunning.credit_worklist_action", {
                    clearBreadcrumbs: true,
                });
            }
        } finally {
            this.state.busy = false;
        }
    }

    /** The next one of these who needs somebody; others may wait on the same list. */
    async nextOf(ids) {
        const needed = await this.orm.search("credit.profile", [
            ["id", "in", ids],
            ["work_state", "=", "act"],
        ]);
        return ids.find((id) => needed.includes(id));
    }

    tellDone(name, resId) {
        const close = this.notification.add(_t("%s: done for today.", name), {
            type: "success",
            buttons: [
                {
                    name: _t("Undo"),
                    onClick: async () => {
                        await this.orm.call("credit.profile", "action_undo_done", [[resId]]);
                        close();
                    },
                },
            ],
        });
    }
}

registry.category("view_widgets").add("credit_done_next", {
    component: DoneNext,
    fieldDependencies: [{ name: "display_name", type: "char" }],
});
