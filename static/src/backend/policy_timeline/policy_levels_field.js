import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { X2ManyField, x2ManyField } from "@web/views/fields/x2many/x2many_field";

/* Shape and words carry the tone; nothing depends on a colour. */
const TONE_ICONS = {
    courtesy: "fa-info",
    friendly: "fa-bell-o",
    firm: "fa-hand-paper-o",
    final: "fa-exclamation",
    formal: "fa-gavel",
};
const COPIED = [
    "days",
    "tone",
    "channel_1",
    "channel_2",
    "channel_3",
    "deadline_days",
    "attach_invoices",
    "approval",
];

/**
 * The levels of a policy: a time line with the due date at zero, and the cards below.
 *
 * The time line lies on wide screens and stands on narrow ones. The distance between two
 * stops grows with the days between them, but never so little that labels overlap.
 */
export class PolicyLevelsField extends X2ManyField {
    static template = "account_dunning.PolicyLevelsField";

    /** Levels that apply, from the first to the last. */
    get levels() {
        return this.list.records
            .filter((record) => record.data.active)
            .sort((one, other) => one.data.days - other.data.days);
    }

    /**
     * The stops of the time line, the due date among them. A level of the due date itself
     * follows it, because nobody is late before it has passed.
     */
    get stops() {
        const tones = Object.fromEntries(this.list.fields.tone.selection);
        const stops = this.levels.map((record) => ({
            key: record.id,
            record,
            days: record.data.days,
            name: record.data.name || _t("Unnamed"),
            timing: record.data.timing,
            tone: tones[record.data.tone],
            icon: TONE_ICONS[record.data.tone] || "fa-circle-o",
        }));
        const due = stops.findIndex((stop) => stop.days >= 0);
        stops.splice(due < 0 ? stops.length : due, 0, {
            key: "due",
            days: 0,
            name: _t("Due date"),
        });
        return stops.map((stop, index) => ({
            ...stop,
            distance: index ? stop.days - stops[index - 1].days : 0,
        }));
    }

    /** The days in few words: the due date is on the same line. */
    when(days) {
        if (!days) {
            return _t("same day");
        }
        if (Math.abs(days) === 1) {
            return days > 0 ? _t("1 day after") : _t("1 day before");
        }
        return days > 0 ? _t("%s days after", days) : _t("%s days before", -days);
    }

    label(stop) {
        return _t("%(level)s, %(timing)s. Tone: %(tone)s. Open the level.", {
            level: stop.name,
            timing: stop.timing,
            tone: stop.tone,
        });
    }

    /** The server proposes the next level, and is told the last one, saved or not. */
    async onAdd({ context, ...params } = {}) {
        const last = this.levels.at(-1);
        const previous =
            last && Object.fromEntries(COPIED.map((name) => [name, last.data[name]]));
        return super.onAdd({
            ...params,
            context: { ...context, dunning_previous_level: previous || false },
        });
    }
}

export const policyLevelsField = {
    ...x2ManyField,
    component: PolicyLevelsField,
    displayName: _t("Levels on a time line"),
    supportedTypes: ["one2many"],
    additionalClasses: ["o_field_one2many"],
};

registry.category("fields").add("dunning_policy_levels", policyLevelsField);
