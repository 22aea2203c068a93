// A page as a picture with boxes over it. Boxes are elements placed in percent, so that they follow any zoom; the
// list beside it says the same in words, and is what the keyboard and a screen reader use.
const ZOOMS = [0, 1, 1.5, 2, 3, 4];
const WHOLE = 0;
const WIDTH = 1;
const MARGIN = 40;
const HIDDEN_HEIGHT = 640;
const KEYS = "Keys: N and P turn the page, + and \u2212 zoom, 0 shows the whole page.";

function render({ model, el }) {
  el.classList.add("genlab-pageview");
  let zoom = WIDTH;
  let chosen = -1;
  let address = null;

  const bar = h("div", { class: "genlab-pagebar" });
  const stage = h("div", { class: "genlab-pagestage", tabindex: "0", role: "region" });
  const list = h("div", { class: "genlab-pagelist" });
  el.append(bar, h("div", { class: "genlab-pagehalves" }, stage, list), h("p", { class: "genlab-hint" }, KEYS));

  const turn = (step) => model.send({ event: "turn", place: model.get("place") + step });
  const zoomTo = (wanted) => {
    zoom = Math.min(Math.max(0, wanted), ZOOMS.length - 1);
    fit();
    drawBar();
    if (chosen >= 0) goTo(chosen);
  };

  const fit = () => {
    const sheet = stage.firstElementChild;
    const { width, height } = model.get("page");
    if (!sheet) return;
    const room = stage.clientHeight || HIDDEN_HEIGHT;
    sheet.style.width = zoom === WHOLE ? `min(100%, ${(room * width) / height}px)` : `${100 * ZOOMS[zoom]}%`;
  };

  const drawBar = () => {
    const place = model.get("place");
    const total = model.get("total");
    const step = (key, text, enabled, action) =>
      h("button", { type: "button", class: "genlab-plain", "data-key": key, disabled: !enabled, onclick: action }, text);
    const select = h("select", { "aria-label": "Which pages", "data-key": "filter",
      onchange: (e) => model.send({ event: "filter", filter: e.target.value }) },
      model.get("filters").map((item) => h("option", { value: item.value }, item.title)));
    select.value = model.get("filter");
    redraw(bar, select,
      step("previous", "Previous page", place > 0, () => turn(-1)),
      h("span", { class: "genlab-count", role: "status" }, total ? `${place + 1} of ${total}` : model.get("empty")),
      step("next", "Next page", place + 1 < total, () => turn(1)),
      h("span", { class: "genlab-zoom" },
        step("out", "\u2212", zoom > WHOLE, () => zoomTo(zoom - 1)),
        h("span", { class: "genlab-count" }, zoom === WHOLE ? "whole page" : `${100 * ZOOMS[zoom]} %`),
        step("in", "+", zoom + 1 < ZOOMS.length, () => zoomTo(zoom + 1))));
    for (const [key, name] of [["out", "Zoom out"], ["in", "Zoom in"]])
      bar.querySelector(`[data-key=${key}]`).setAttribute("aria-label", name);
  };

  const box = (mark, index, side, [left, top, right, bottom], first) => {
    const element = h("div", { class: `genlab-pagebox genlab-${side.role} genlab-${mark.verdict}`, "data-mark": index,
      title: side.words, onclick: () => choose(index) },
      first && mark.number ? h("b", {}, mark.number) : null);
    const style = { left, top, width: right - left, height: bottom - top };
    for (const [name, share] of Object.entries(style)) element.style[name] = `${100 * share}%`;
    element.style.setProperty("--label", side.colour);
    return element;
  };

  const drawPage = () => {
    chosen = -1;
    const page = model.get("page");
    if (address) URL.revokeObjectURL(address);
    address = null;
    if (!page.marks) {
      stage.replaceChildren();
      list.replaceChildren();
      return;
    }
    const content = model.get("picture");
    const sheet = h("div", { class: "genlab-pagesheet" });
    sheet.style.aspectRatio = `${page.width} / ${page.height}`;
    if (content && content.byteLength) {
      address = URL.createObjectURL(new Blob([content], { type: "image/jpeg" }));
      sheet.append(h("img", { src: address, alt: page.alt }));
    } else {
      sheet.setAttribute("role", "img");
      sheet.setAttribute("aria-label", page.alt);
    }
    // What is right lies below, so that no error is hidden; dashes lie over lines, so that both are seen.
    for (const [index, mark] of [...page.marks.entries()].reverse())
      for (const [place, side] of [...mark.sides.entries()].reverse())
        side.boxes.forEach((corners, nth) => sheet.append(box(mark, index, side, corners, !place && !nth)));
    stage.setAttribute("aria-label", page.name);
    stage.replaceChildren(sheet);
    fit();
    stage.scrollTo(0, 0);
    drawList(page);
  };

  const drawList = (page) => {
    const entry = (mark, index) =>
      h("li", {}, h("button", { type: "button", class: `genlab-pagemark genlab-${mark.verdict}`, "data-key": `mark-${index}`,
        "aria-pressed": "false", onclick: () => choose(index) },
        mark.number ? h("b", { class: "genlab-pagenumber" }, mark.number) : h("span", { "aria-hidden": "true" }, "\u2713"),
        h("span", { class: "genlab-word" }, mark.words),
        mark.sides.map((side) => {
          const swatch = h("i", { class: "genlab-swatch", "aria-hidden": "true" });
          swatch.style.background = side.colour;
          return h("span", { class: "genlab-pageside" }, mark.sides.length > 1 ? `${side.role} ` : "", swatch,
            h("span", { class: "genlab-labelname" }, side.label), ` \u201c${side.text}\u201d`);
        })));
    const key = (cls, text) => h("span", {}, h("i", { class: cls, "aria-hidden": "true" }), text);
    list.replaceChildren(
      h("h3", {}, page.name), h("p", { role: "status" }, page.finding),
      page.note ? h("p", { class: "genlab-error" }, page.note) : "",
      h("p", { class: "genlab-legend" }, key("genlab-solid", "predicted"), key("genlab-dash", "annotated"), "numbered: an error"),
      h("ul", { "aria-label": "Marks on this page" }, page.marks.map(entry)));
  };

  const choose = (index) => {
    chosen = index;
    for (const item of el.querySelectorAll("[data-mark]"))
      item.classList.toggle("genlab-chosen", Number(item.dataset.mark) === index);
    list.querySelectorAll("button").forEach((item, place) => item.setAttribute("aria-pressed", String(place === index)));
    goTo(index);
  };

  const goTo = (index) => {
    const target = stage.querySelector(`[data-mark="${index}"]`);
    if (!target) return;
    const [frame, place] = [stage.getBoundingClientRect(), target.getBoundingClientRect()];
    const beside = Math.max(MARGIN, (frame.width - place.width) / 2);
    stage.scrollBy({
      left: place.left - frame.left - beside,
      top: place.top + place.height / 2 - frame.top - frame.height / 2,
    });
  };

  el.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    const actions = { n: () => turn(1), p: () => turn(-1), "+": () => zoomTo(zoom + 1), "=": () => zoomTo(zoom + 1),
      "-": () => zoomTo(zoom - 1), 0: () => zoomTo(WHOLE) };
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });

  const stops = [
    follow(model, el, ["filters", "filter", "place", "total", "empty"], drawBar),
    follow(model, el, ["page"], drawPage),
  ];
  return () => {
    stops.forEach((stop) => stop());
    if (address) URL.revokeObjectURL(address);
  };
}

export default { render };
