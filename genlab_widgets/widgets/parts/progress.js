function render({ model, el }) {
  const fill = h("div", { class: "genlab-fill" });
  const bar = h("div", { class: "genlab-bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  const share = h("span", { class: "genlab-share", "aria-hidden": "true" });
  const status = h("div", { class: "genlab-status", role: "status", "aria-live": "polite" });
  const detail = h("div", { class: "genlab-detail" });
  el.classList.add("genlab-progress");
  el.append(h("div", { class: "genlab-barline" }, bar, share), h("div", { class: "genlab-statusline" }, status, detail));

  const draw = () => {
    const known = model.get("fraction") >= 0;
    const percent = Math.round(100 * Math.max(0, model.get("fraction")));
    bar.classList.toggle("genlab-unknown", !known);
    bar.setAttribute("aria-label", model.get("label"));
    bar.setAttribute("aria-valuetext", model.get("status") || (known ? `${percent} %` : "waiting"));
    if (known) bar.setAttribute("aria-valuenow", String(percent));
    else bar.removeAttribute("aria-valuenow");
    fill.style.width = known ? `${percent}%` : "";
    share.textContent = known ? `${percent} %` : "";
    // Written only when it changes: a live region speaks at every write.
    if (status.textContent !== model.get("status")) status.textContent = model.get("status");
    detail.textContent = model.get("detail");
  };

  return follow(model, el, ["fraction", "status", "detail", "label"], draw);
}

export default { render };
