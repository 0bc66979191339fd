// A chart over time. What draws it is loaded when the first one is shown.

import { html, useEffect, useRef } from "./html.js";
import { useStore } from "./store.js";
import { colour, theme } from "./theme.js";

let loading = null;
function load() {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = "vendor/uPlot.iife.min.js";
    script.onload = () => done(globalThis.uPlot);
    script.onerror = () => failed(new Error("the chart can't be loaded"));
    document.head.append(script);
  });
  return loading;
}

/** Lines over the last minutes: `data` is times in seconds, then a list of values for each of `lines`, `{ label, colour, dash }`. */
export function Chart({ data, lines, label }) {
  const place = useRef(null);
  const chart = useRef(null);
  const shown = useStore(theme);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    let over = false;
    let watch = null;
    load().then((uPlot) => {
      if (over) return;
      const [ink, faint, rule] = [colour("ink"), colour("ink-faint"), colour("ink-rule")];
      const size = () => ({ width: Math.max(160, place.current.clientWidth), height: 120 });
      const axis = { stroke: faint, grid: { stroke: rule, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
      chart.current = new uPlot({
        ...size(),
        legend: { show: false },
        cursor: { y: false, points: { show: false } },
        scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.1, 0.001)] } },
        axes: [{ ...axis, size: 22, space: 60, values: [[60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]] }, { ...axis, size: 58, space: 28, values: (_, ticks) => ticks.map(String) }],
        series: [{}, ...lines.map((line) => ({ stroke: colour(line.colour) || ink, width: 1.5, dash: line.dash, points: { show: false }, spanGaps: true }))],
      }, latest.current, place.current);
      watch = new ResizeObserver(() => chart.current?.setSize(size()));
      watch.observe(place.current);
    }).catch(() => { if (place.current) place.current.textContent = "The chart can't be drawn."; });
    return () => { over = true; watch?.disconnect(); chart.current?.destroy(); chart.current = null; };
  }, [shown, label]);
  useEffect(() => { chart.current?.setData(data); }, [data]);
  return html`<figure class="chart"><figcaption>${label}: ${lines.map((line) => html`<span class="key ${line.colour}">
    <span class="stroke ${line.dash ? "dashed" : ""}" aria-hidden="true"></span>${line.label}</span>`)}</figcaption>
    <div ref=${place} role="img" aria-label=${`${label} over the last minutes`}></div></figure>`;
}
