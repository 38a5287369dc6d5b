import { Component, onWillStart, onWillUnmount, useEffect, useRef } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { getColor } from "@web/core/colors/colors";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

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

/** How many days late a customer paid, month by month; a table for who sees no chart. */
export class CreditPaymentMonths extends Component {
    static template = "account_dunning.PaymentMonths";
    static props = { ...standardFieldProps };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.months]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get months() {
        return this.props.record.data[this.props.name] || [];
    }

    /** The usual days of the test, where there was enough to compare. */
    get usual() {
        return this.props.record.data.pays_later_facts?.usual;
    }

    daysOf(month) {
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
fields.add("credit_payment_months", {
    component: CreditPaymentMonths,
    displayName: _t("Days late by month"),
    supportedTypes: ["json"],
    fieldDependencies: [{ name: "pays_later_facts", type: "json" }],
});
