import {
    Component,
    onWillStart,
    onWillUnmount,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { getColor } from "@web/core/colors/colors";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useEachReading } from "../customer_page/each_reading";

/** What a score is made of: one line per factor, with its points. */
export class CreditScoreFactors extends Component {
    static template = "account_dunning.ScoreFactors";
    static props = { ...standardFieldProps };

    get factors() {
        return this.props.record.data[this.props.name] || [];
    }

    points(factor) {
        return factor.points > 0 ? `+${factor.points}` : `−${-factor.points}`;
    }
}

/**
 * How many days late a customer paid, month by month; a table for who sees no chart.
 * Asked for when somebody looks at it.
 */
export class CreditPaymentMonths extends Component {
    static template = "account_dunning.PaymentMonths";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.canvas = useRef("canvas");
        this.state = useState({ months: [] });
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEachReading(async (record) => {
            this.state.months = await this.orm.call(
                record.resModel,
                "get_payment_months",
                [[record.resId]]
            );
        }, "score_points");
        useEffect(
            () => this.draw(),
            () => [this.months]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get months() {
        return this.state.months;
    }

    /** The usual days of the test, where there was enough to compare. */
    get usual() {
        return this.props.record.data.pays_later_facts?.usual;
    }

    daysOf(month) {
        if (month.days === 1) {
            return _t("1 day late");
        }
        return month.days > 0
            ? _t("%(days)s days late", { days: month.days })
            : _t("in time");
    }

    draw() {
        this.chart?.destroy();
        this.chart = undefined;
        if (!this.canvas.el) {
            return;
        }
        // as the page is, light or dark; the colour of the bars can be seen on both
        const text = getComputedStyle(this.canvas.el).color;
        const color = getColor(1, "dark", "odoo");
        const months = this.months;
        const datasets = [
            {
                label: _t("Days late"),
                data: months.map((month) => month.days),
                // hollow where something is still open: the bar may grow
                backgroundColor: months.map((month) =>
                    month.open ? "transparent" : color
                ),
                borderColor: color,
                borderWidth: 2,
                pointStyle: "rect",
                maxBarThickness: 40,
            },
        ];
        if (this.usual !== undefined) {
            datasets.push({
                type: "line",
                label: _t("Usual for this customer: %s days", this.usual),
                data: months.map(() => this.usual),
                borderColor: text,
                borderWidth: 1,
                borderDash: [6, 4],
                pointRadius: 0,
                pointStyle: "line",
            });
        }
        const Chart = window.Chart;
        this.chart = new Chart(this.canvas.el, {
            type: "bar",
            data: { labels: months.map((month) => month.month), datasets },
            options: {
                animation: false,
                maintainAspectRatio: false,
                plugins: {
                    legend: { labels: { color: text, usePointStyle: true } },
                    tooltip: {
                        callbacks: {
                            afterLabel: ({ datasetIndex, dataIndex }) =>
                                datasetIndex === 0 && months[dataIndex].open
                                    ? _t("%s % still open", months[dataIndex].open)
                                    : "",
                        },
                    },
                },
                scales: {
                    x: { ticks: { color: text }, grid: { display: false } },
                    y: {
                        ticks: { color: text, precision: 0 },
                        title: { display: true, text: _t("Days late"), color: text },
                        grid: { color: "rgba(128, 128, 128, 0.25)" },
                    },
                },
            },
        });
    }
}

const fields = registry.category("fields");
fields.add("credit_score_factors", {
    component: CreditScoreFactors,
    displayName: _t("Factors of a score"),
    supportedTypes: ["json"],
});
registry.category("view_widgets").add("credit_payment_months", {
    component: CreditPaymentMonths,
    fieldDependencies: [
        { name: "pays_later_facts", type: "json" },
        { name: "score_points", type: "json" },
    ],
});
