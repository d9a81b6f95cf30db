// A point of a figure opens its shoppers as the number in the table does; days typed in are chosen.
(() => {
  "use strict";

  function pointOf(event) {
    const [hit] = event.points || [];
    const data = hit?.customdata;
    return Array.isArray(data) ? data[0] : data;
  }

  function opens(place) {
    place.on("plotly_click", (event) => {
      const point = pointOf(event);
      const card = place.closest("section");
      if (point) card.querySelector(`button[name=point][value="${CSS.escape(point)}"]`)?.click();
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-figure]").forEach((place) => { if (place.on) opens(place); });
    const period = document.querySelector("select[name=days]");
    document.querySelectorAll("input[name=start], input[name=end]").forEach((input) => {
      input.addEventListener("input", () => { if (period) period.value = ""; });
    });
  });
})();
