// Loss (left axis) and F1 (right axis) by epoch, drawn as SVG so that it grows smoothly and takes the theme's colours.
const WIDTH = 720, HEIGHT = 232, LEFT = 48, RIGHT = 48, TOP = 16, BOTTOM = 32;

function render({ model, el }) {
  el.classList.add("genlab-curve");

  const draw = () => {
    const series = model.get("series");
    const epochs = Math.max(1, model.get("epochs"), ...series.flatMap((s) => s.points.map((p) => p[0])));
    const highest = Math.max(1e-9, ...series.flatMap((s) => s.points.map((p) => p[1] ?? 0)));
    const x = (epoch) => LEFT + ((epoch - 0.5) / epochs) * (WIDTH - LEFT - RIGHT);
    const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    const parts = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share), class: "genlab-grid" }));
      parts.push(svg("text", { x: WIDTH - RIGHT + 8, y: y(share) + 4, class: "genlab-axis genlab-f1" }, share.toFixed(2)));
      if (series.some((s) => s.points.length))
        parts.push(svg("text", { x: LEFT - 8, y: y(share) + 4, "text-anchor": "end", class: "genlab-axis genlab-loss" },
          (share * highest).toPrecision(highest >= 100 ? 3 : 2).replace(/e.*/, "")));
    }
    const stride = Math.max(1, Math.ceil(epochs / 20));
    for (let epoch = 1; epoch <= epochs; epoch += stride)
      parts.push(svg("text", { x: x(epoch), y: HEIGHT - 12, "text-anchor": "middle", class: "genlab-axis" }, String(epoch)));
    for (const line of model.get("lines")) {
      parts.push(svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(line.value), y2: y(line.value), class: "genlab-baseline" }));
      parts.push(svg("text", { x: LEFT + 8, y: y(line.value) - 6, class: "genlab-axis" }, `${line.title} ${line.value.toFixed(2)}`));
    }
    series.forEach((s, index) => {
      const loss = s.points.filter((p) => p[1] !== null).map((p) => [x(p[0]), y(p[1] / highest)]);
      const f1 = s.points.filter((p) => p[2] !== null).map((p) => [x(p[0]), y(p[2])]);
      for (const [points, name] of [[loss, "genlab-loss"], [f1, "genlab-f1"]]) {
        if (!points.length) continue;
        const style = index ? "genlab-second" : "";
        parts.push(svg("polyline", { points: points.map((p) => p.join(",")).join(" "), class: `genlab-line ${name} ${style}` }));
        const [cx, cy] = points.at(-1);
        parts.push(svg("circle", { cx, cy, r: 3.5, class: `genlab-point ${name}` }));
      }
    });
    if (!series.some((s) => s.points.length))
      parts.push(svg("text", { x: WIDTH / 2, y: HEIGHT / 2, "text-anchor": "middle", class: "genlab-axis" }, model.get("waiting")));
    const key = (cls, text) => h("span", {}, h("i", { class: cls, "aria-hidden": "true" }), text);
    const names = series.length > 1 ? [key("genlab-solid", series[0].title), key("genlab-dash", series[1].title)] : [];
    redraw(el,
      svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": model.get("alt"), preserveAspectRatio: "xMidYMid meet" }, parts),
      h("div", { class: "genlab-legend" }, key("genlab-loss", "loss"), key("genlab-f1", "F1"), names,
        h("span", { class: "genlab-quiet" }, "by epoch")));
  };

  return follow(model, el, ["series", "epochs", "lines", "alt", "waiting"], draw);
}

export default { render };
