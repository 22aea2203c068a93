const PAUSE = 300; // milliseconds without a key before Python looks at the text
const COLOURED = 100_000; // characters; a longer text stays plain, so that typing stays quick
const TOKENS = /(<!--[\s\S]*?(?:-->|$))|(<\/?[A-Za-z_][\w.:-]*|\/?>)|([A-Za-z_:][\w.:-]*)(?=\s*=\s*["'])|("[^"<]*"|'[^'<]*')/g;
const KINDS = [null, "comment", "tag", "attribute", "string"];

/** Returns the text as nodes: comments, tags, attributes and strings in colours. */
function coloured(text) {
  if (text.length > COLOURED) return [text];
  const nodes = [];
  let place = 0;
  for (const found of text.matchAll(TOKENS)) {
    if (found.index > place) nodes.push(text.slice(place, found.index));
    const kind = KINDS[found.findIndex((group, index) => index > 0 && group !== undefined)];
    nodes.push(h("span", { class: `genlab-code-${kind}` }, found[0]));
    place = found.index + found[0].length;
  }
  nodes.push(text.slice(place));
  return nodes;
}

function render({ model, el }) {
  el.classList.add("genlab-editor");
  const view = freshId();
  const id = freshId();
  const gutter = h("ol", { class: "genlab-gutter", "aria-hidden": "true" });
  const paint = h("pre", { class: "genlab-paint", "aria-hidden": "true" });
  const area = h("textarea", {
    id, wrap: "off", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
    oninput: () => { paintText(); clearTimeout(timer); timer = setTimeout(flush, PAUSE); },
    onblur: () => flush(),
    onscroll: () => follow_scroll(),
    onkeydown: (event) => keep_indent(event),
  });
  const label = h("label", { class: "genlab-label", for: id });
  el.append(label, h("div", { class: "genlab-codebox" }, gutter, h("div", { class: "genlab-code" }, paint, area)));
  let timer;
  let edits = 0;
  let sent = model.get("text");

  const flush = () => {
    clearTimeout(timer);
    if (area.value === sent) return;
    sent = area.value;
    edits += 1;
    model.send({ event: "edit", text: sent, origin: `${view}:${edits}` });
  };

  const follow_scroll = () => {
    paint.style.transform = `translate(${-area.scrollLeft}px, ${-area.scrollTop}px)`;
    gutter.style.transform = `translateY(${-area.scrollTop}px)`;
  };

  /** A new line starts where the one before it does; the browser's undo keeps working. */
  const keep_indent = (event) => {
    if (event.key !== "Enter" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || area.readOnly) return;
    const line = area.value.slice(0, area.selectionStart).split("\n").pop();
    const indent = /^[ \t]*/.exec(line)[0];
    if (indent && document.execCommand("insertText", false, `\n${indent}`)) event.preventDefault();
  };

  const paintText = () => {
    paint.replaceChildren(...coloured(area.value), "\n");
    const lines = area.value.split("\n").length;
    while (gutter.children.length > lines) gutter.lastChild.remove();
    while (gutter.children.length < lines) gutter.append(h("li", {}, String(gutter.children.length + 1)));
    follow_scroll();
  };

  const drawMarks = () => {
    paintText();
    for (const line of gutter.querySelectorAll("[class]")) { line.removeAttribute("class"); line.removeAttribute("title"); }
    const marks = model.get("marks");
    for (const mark of [...marks].reverse()) { // errors come first, so they are drawn last and stay
      const line = gutter.children[mark.line - 1];
      if (!line) continue;
      line.className = `genlab-mark genlab-${mark.severity}`;
      line.title = line.title ? `${mark.message}\n${line.title}` : mark.message;
    }
    if (marks.some((mark) => mark.severity === "error")) area.setAttribute("aria-invalid", "true");
    else area.removeAttribute("aria-invalid");
  };

  const adopt = () => {
    if (model.get("origin").startsWith(`${view}:`)) return; // typed here; what the area holds is as new or newer
    clearTimeout(timer);
    sent = model.get("text");
    if (area.value !== sent) {
      const { selectionStart, scrollTop } = area;
      area.value = sent;
      area.setSelectionRange(selectionStart, selectionStart);
      area.scrollTop = scrollTop;
    }
    drawMarks();
  };

  const go = (message) => {
    if (message?.event !== "go" || !el.isConnected) return;
    const lines = area.value.split("\n");
    const line = Math.min(message.line, lines.length) - 1;
    const start = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
    // Columns count characters; the area counts UTF-16 units.
    const column = [...lines[line]].slice(0, message.column - 1).join("").length;
    area.focus({ preventScroll: false });
    area.setSelectionRange(start + column, start + lines[line].length);
    const height = parseFloat(getComputedStyle(area).lineHeight);
    area.scrollTop = Math.max(0, (line + 0.5) * height - area.clientHeight / 2);
    area.scrollLeft = 0;
    follow_scroll();
  };

  const warn = (event) => {
    if (model.get("unsaved") || area.value !== sent) event.preventDefault();
  };

  window.addEventListener("beforeunload", warn);
  model.on("msg:custom", go);
  area.value = sent;
  const stops = [
    follow(model, el, ["label", "read_only"], () => { label.textContent = model.get("label"); area.readOnly = model.get("read_only"); }),
    follow(model, el, ["text"], adopt),
    follow(model, el, ["marks"], drawMarks),
  ];
  return () => {
    window.removeEventListener("beforeunload", warn);
    model.off("msg:custom", go);
    clearTimeout(timer);
    stops.forEach((stop) => stop());
  };
}

export default { render };
