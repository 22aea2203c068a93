function render({ model, el }) {
  const place = h("div", { class: "genlab-banners", "aria-live": "assertive" });
  el.append(place);

  const item = (message, index) =>
    h("div", { class: `genlab-banner genlab-${message.tone}`, role: message.tone === "fail" ? "alert" : "status" },
      h("div", {}, h("strong", {}, message.what), message.why ? ` ${message.why}` : "",
        message.next_step ? h("div", { class: "genlab-next" }, message.next_step) : null),
      h("button", { type: "button", class: "genlab-link", "aria-label": `Dismiss: ${message.what}`,
        onclick: () => model.send({ event: "dismiss", index }) }, "Dismiss"));

  return follow(model, el, ["messages"], () => redraw(place, model.get("messages").map(item)));
}

export default { render };
