// Shows a figure's numbers as a table, made from the very data that is drawn, when it is opened.
(() => {
  "use strict";
  const language = document.documentElement.lang || "en";

  function reader(layout) {
    const isShare = (layout.yaxis?.tickformat || "").includes("%");
    const style = isShare ? { style: "percent", minimumFractionDigits: 1 } : { maximumFractionDigits: 2 };
    const number = new Intl.NumberFormat(language, style);
    const whole = new Intl.NumberFormat(language);
    return (value, counts) => {
      if (value === null || value === undefined) return "–";
      if (!counts) return number.format(value);
      const [top, bottom] = counts.map((count) => whole.format(count));
      return isShare ? `${number.format(value)} (${top} / ${bottom})` : `${number.format(value)} (${bottom})`;
    };
  }

  function cell(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    made.textContent = text;
    Object.assign(made, attributes);
    return made;
  }

  function row(...cells) {
    const made = document.createElement("tr");
    made.append(...cells);
    return made;
  }

  function table({ data, layout }, firstColumn) {
    const read = reader(layout);
    const made = document.createElement("table");
    made.className = "sg-table";
    const heads = data.map((line) => cell("th", line.name, { scope: "col", className: "sg-number" }));
    made.createTHead().append(row(cell("th", firstColumn, { scope: "col" }), ...heads));
    made.createTBody().append(
      ...data[0].x.map((x, place) =>
        row(
          cell("th", x, { scope: "row" }),
          ...data.map((line) => cell("td", read(line.y[place], line.customdata?.[place]), { className: "sg-number" })),
        ),
      ),
    );
    return made;
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-table-of]").forEach((details) => {
      const fill = () => {
        const content = JSON.parse(document.getElementById(details.dataset.tableOf).textContent);
        details.querySelector("div").replaceChildren(table(content, details.dataset.firstColumn));
      };
      details.addEventListener("toggle", fill, { once: true });
    });
  });
})();
