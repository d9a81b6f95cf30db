// The review desk: swaps one draft's fragment for the next, and gives every action a key.
// Without this script each link and form still works, by whole pages.
(() => {
  "use strict";
  const FRAGMENT = { "X-Desk-Fragment": "1" };
  const CHECK_AFTER = 400;
  const LOOK_AFTER = 2000;
  const PANELS = { p: "preview", m: "comments" };
  const desk = document.getElementById("desk");
  const help = document.getElementById("desk-help");
  const said = document.getElementById("desk-said");
  const fetched = new Map();
  let busy = false;

  const current = () => desk.querySelector("article");
  const one = (selector) => desk.querySelector(selector);

  function say(message) {
    const toast = one("[data-toast]");
    said.textContent = toast.textContent = message;
    toast.classList.add("desk-toast-refused");
  }

  // Asks for the neighbours in advance, so that moving among drafts waits for nothing.
  function prefetch() {
    fetched.clear();
    for (const url of [current().dataset.next, current().dataset.previous]) {
      if (url) fetched.set(url, fetch(url, { headers: FRAGMENT }));
    }
  }

  function show(html, { push = true, focus = true } = {}) {
    const place = document.createElement("template");
    place.innerHTML = html;
    desk.replaceChildren(place.content);
    const article = current();
    const { url, title } = article.dataset;
    if (push && url) history.pushState({}, "", url);
    if (title) document.title = title;
    if (focus) {
      one(".desk-title")?.focus({ preventScroll: true });
      scrollTo({ top: 0 });
    }
    said.textContent = one("[data-toast]").textContent;
    if (one("[data-edit]:not([hidden])")) startEditing();
    setTimeout(prefetch, 0);
    watch();
  }

  async function read(answer, options) {
    const isPage = (answer.headers.get("Content-Type") || "").startsWith("text/html");
    if (answer.status === 403 || answer.redirected) return say(desk.dataset.signedOut);
    if (!isPage || answer.status >= 500 || answer.status === 404) return say(desk.dataset.failed);
    return show(await answer.text(), options);
  }

  async function once(work) {
    if (busy) return;
    busy = true;
    desk.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch {
      say(desk.dataset.failed);
    } finally {
      busy = false;
      desk.removeAttribute("aria-busy");
    }
  }

  function open(url, options) {
    return once(async () => {
      const waiting = fetched.get(url);
      fetched.delete(url);
      await read(await (waiting || fetch(url, { headers: FRAGMENT })), options);
    });
  }

  function send(form, button) {
    return once(async () => {
      const body = new FormData(form, button);
      await read(await fetch(form.action, { method: "POST", headers: FRAGMENT, body }));
    });
  }

  // What a language model writes appears by itself, unless somebody does something else meanwhile.
  let watching;
  function watch() {
    clearTimeout(watching);
    if (one("[data-writing]")) watching = setTimeout(look, LOOK_AFTER);
  }

  const isFree = () => {
    const typed = [...desk.querySelectorAll("input:not([type=hidden]), textarea")];
    return !busy && !one("[data-edit]:not([hidden]), dialog[open]") && !typed.some((field) => field.value !== field.defaultValue);
  };

  async function look() {
    const article = current();
    try {
      const answer = isFree() && (await fetch(article.dataset.url, { headers: FRAGMENT }));
      const html = answer && answer.ok && !answer.redirected ? await answer.text() : "";
      if (html && !html.includes("data-writing") && article === current() && isFree()) {
        show(html, { push: false, focus: false });
        said.textContent = one("[data-outcome]")?.textContent || desk.dataset.written;
        return;
      }
    } catch {
      // The server may be away for a moment; the next look asks again.
    }
    watch();
  }

  // Facts and marks light each other up.
  function light(numbers, on) {
    for (const number of numbers) {
      one(`[data-fact="${number}"]`)?.classList.toggle("desk-lit", on);
    }
  }

  function lightOf(event, on) {
    const mark = event.target.closest?.("mark[data-facts]");
    if (mark?.dataset.facts) light(mark.dataset.facts.split(" "), on);
    const row = event.target.closest?.("[data-fact]");
    if (!row) return;
    desk.querySelectorAll("mark[data-facts]").forEach((claim) => {
      const carries = claim.dataset.facts.split(" ").includes(row.dataset.fact);
      claim.classList.toggle("desk-lit", on && carries);
    });
  }

  function startEditing() {
    const form = one("[data-edit]");
    if (!form) return;
    form.hidden = false;
    const text = form.elements.text;
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
  }

  function stopEditing() {
    const form = one("[data-edit]");
    if (!form || form.hidden) return;
    open(current().dataset.url, { push: false });
  }

  let typing;
  function checkSoon(form) {
    clearTimeout(typing);
    typing = setTimeout(async () => {
      const body = new FormData(form);
      const answer = await fetch(form.dataset.check, { method: "POST", headers: FRAGMENT, body });
      const checks = one("[data-checks]");
      if (answer.ok && form.isConnected && checks) checks.innerHTML = await answer.text();
    }, CHECK_AFTER);
  }

  // A dialog opens at once; what it has to ask the server for comes into it.
  async function openDialog(button) {
    const dialog = one(`[data-dialog="${button.dataset.open}"]`);
    dialog?.showModal();
    dialog?.querySelector(button.dataset.load ? "[data-close]" : "input:not([type=hidden])")?.focus();
    if (!button.dataset.load) return;
    const answer = await fetch(button.dataset.load, { headers: FRAGMENT });
    const place = dialog.querySelector("[data-loaded]");
    if (!dialog.isConnected) return;
    if (answer.ok) place.innerHTML = await answer.text();
    else place.textContent = desk.dataset.failed;
  }

  // A button that is an answer by itself: it fills its form's field and sends the form.
  function pick(button) {
    const form = button.closest("form");
    form.elements[button.dataset.pick].value = button.value;
    button.closest("dialog").close();
    send(form);
  }

  function togglePanel(name) {
    const panel = one(`[data-panel="${name}"]`);
    if (!panel) return;
    panel.open = !panel.open;
    if (panel.open) panel.scrollIntoView({ block: "nearest" });
    if (panel.open) (panel.querySelector("input:not([type=hidden])") || panel.querySelector("summary")).focus();
  }

  desk.addEventListener("mouseover", (event) => lightOf(event, true));
  desk.addEventListener("mouseout", (event) => lightOf(event, false));
  desk.addEventListener("focusin", (event) => lightOf(event, true));
  desk.addEventListener("focusout", (event) => lightOf(event, false));

  // A plain form leads to a whole page.
  desk.addEventListener("submit", (event) => {
    if (event.target.matches("[data-plain]")) return;
    event.preventDefault();
    event.target.closest("dialog")?.close();
    send(event.target, event.submitter);
  });

  desk.addEventListener("input", (event) => {
    const form = event.target.closest("[data-edit]");
    if (form) checkSoon(form);
  });

  desk.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    const link = hit("a[data-key]");
    if (link && plain) {
      event.preventDefault();
      open(link.href);
    }
    if (hit("[data-open-edit]")) startEditing();
    if (hit("[data-cancel]")) stopEditing();
    if (hit("[data-open]")) openDialog(hit("[data-open]"));
    if (hit("[data-close]")) hit("dialog").close();
    if (hit("[data-help]")) help.showModal();
    if (hit("[data-pick]")) pick(hit("[data-pick]"));
  });

  function keyInDialog(dialog, event) {
    const typed = event.target.matches("#desk-instruction") || (event.target.matches("input") && event.target.value);
    const button = dialog.querySelectorAll("[data-pick]")[Number(event.key) - 1];
    if (typed || !button || event.target.type === "datetime-local") return;
    event.preventDefault();
    pick(button);
  }

  function keyInText(event) {
    const form = event.target.form;
    if (event.key === "Escape") stopEditing();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form?.matches("[data-edit]")) {
      event.preventDefault();
      send(form, event.shiftKey ? form.elements.approve : undefined);
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const dialog = one("dialog[open]");
    if (dialog) return keyInDialog(dialog, event);
    if (help.open) return;
    if (event.target.matches("input, textarea, select, [contenteditable]")) return keyInText(event);
    if (one("[data-edit]:not([hidden])")) return event.key === "Escape" && stopEditing();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "?") return help.showModal();
    if (PANELS[event.key]) {
      event.preventDefault();
      return togglePanel(PANELS[event.key]);
    }
    const target = one(`[data-key="${CSS.escape(event.key)}"]`);
    if (!target || target.disabled) {
      if (event.key === "a" && target) say(one("[data-why]").textContent);
      return;
    }
    event.preventDefault();
    target.click();
  });

  addEventListener("popstate", () => open(location.href, { push: false }));
  addEventListener("beforeunload", (event) => {
    const text = one("[data-edit]:not([hidden]) textarea");
    if (text && text.value !== text.defaultValue) event.preventDefault();
  });

  prefetch();
  watch();
})();
