import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const STATE_CLASSES = {
    act: "text-bg-danger",
    await: "text-bg-info",
    hold: "text-bg-secondary",
};

// from left to right: the older, the darker
const AGES = [
    ["amount_not_due", "bg-success"],
    ["amount_late_30", "bg-info"],
    ["amount_late_60", "bg-warning"],
    ["amount_late_90", "bg-danger"],
    ["amount_late_more", "bg-black"],
];

/** The reason why a customer is on the worklist; its sentence when pointed at. */
export class WorkChip extends Component {
    static template = "account_dunning.WorkChip";
    static props = { ...standardFieldProps };

    get className() {
        return STATE_CLASSES[this.props.record.data.work_state] || "text-bg-secondary";
    }

    get sentence() {
        const { data, fields } = this.props.record;
        const known = fields.work_why.selection.find(([value]) => value === data.work_why);
        return known ? known[1] : "";
    }
}

/** A priority; the points it is made of when pointed at. */
export class CreditPriority extends Component {
    static template = "account_dunning.CreditPriority";
    static props = { ...standardFieldProps };
}

/** Open debts by age as one bar, with the amounts when pointed at and for readers. */
export class CreditAgeing extends Component {
    static template = "account_dunning.CreditAgeing";
    static props = { ...standardFieldProps };

    get parts() {
        const { data } = this.props.record;
        const parts = AGES.map(([name, color]) => ({ name, color, amount: data[name] })).filter(
            (part) => part.amount > 0
        );
        const total = parts.reduce((sum, part) => sum + part.amount, 0);
        return parts.map((part) => ({ ...part, share: (100 * part.amount) / total }));
    }
}

const fields = registry.category("fields");
fields.add("credit_work_chip", {
    component: WorkChip,
    displayName: _t("Worklist reason"),
    supportedTypes: ["char"],
    fieldDependencies: [
        { name: "work_state", type: "selection" },
        { name: "work_why", type: "selection" },
    ],
});
fields.add("credit_priority", {
    component: CreditPriority,
    displayName: _t("Priority with its points"),
    supportedTypes: ["integer"],
    fieldDependencies: [{ name: "priority_detail", type: "char" }],
});
fields.add("credit_ageing", {
    component: CreditAgeing,
    displayName: _t("Ageing bar"),
    supportedTypes: ["char"],
    fieldDependencies: AGES.map(([name]) => ({ name, type: "monetary" })),
});
