/** The pages: their markup and their looks. */

/** The orchestrator's; what moves in it is main.ts. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tswasm fleet</title>
<style>
  :root { color-scheme: light dark; --line: #8886; --good: #2a8; --bad: #c44; --accent: #37c; }
  * { box-sizing: border-box; }
  body { font: 15px/1.45 system-ui, sans-serif; margin: 0; padding: 1rem; max-width: 70rem; margin-inline: auto; }
  h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
  h2 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
  #bus { color: #888; margin: 0 0 .5rem; }
  #status { color: var(--bad); min-height: 1.45em; }
  #devices { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
  .device { border: 1px solid var(--line); border-radius: .6rem; padding: .7rem; min-height: 9rem; }
  .device.away { opacity: .5; }
  .device.over, .device.target { outline: 2px solid var(--accent); }
  .device header { display: flex; justify-content: space-between; font-weight: 600; }
  .device small { color: #888; display: block; }
  .alive { color: var(--good); } .gone { color: var(--bad); }
  .execution { border: 1px solid var(--line); border-radius: .4rem; padding: .35rem .5rem; margin-top: .5rem; cursor: grab;
    width: 100%; text-align: left; font: inherit; background: #37c2; color: inherit; display: block; }
  .execution[aria-pressed=true] { background: var(--accent); color: #fff; }
  .execution.moving { animation: pulse 1s infinite alternate; }
  @keyframes pulse { to { opacity: .4; } }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .2rem .5rem .2rem 0; border-bottom: 1px solid var(--line); }
  .bar { height: .7rem; border-radius: .35rem; display: flex; overflow: hidden; background: #8883; min-width: 6rem; }
  .bar i { background: var(--accent); } .bar b { background: var(--bad); min-width: 2px; }
  #log { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; overflow: auto;
    border: 1px solid var(--line); border-radius: .4rem; padding: .5rem; }
</style>
<h1>tswasm fleet</h1>
<p id="status" role="status"></p>
<p>Drag an execution onto another device, or tap it and then the device: it moves there while it runs.</p>
<section id="devices" aria-label="devices"></section>
<p><button id="join" type="button">Use this browser as a device</button></p>
<h2>Moves</h2>
<div class="wide"><table><thead><tr><th>execution<th>from<th>to<th>bytes<th>rounds<th>stood still<th></thead><tbody id="moves"></tbody></table></div>
<h2>Events</h2>
<p id="bus" role="note"></p>
<div id="log"></div>
<script type="module" src="page.js"></script>
</html>
`;

/** A page that is a device; what moves in it is agent.ts. */
export const AGENT_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tswasm fleet: device</title>
<style>
  :root { color-scheme: light dark; --line: #8886; }
  body { font: 15px/1.45 system-ui, sans-serif; margin: 0; padding: 1rem; max-width: 50rem; margin-inline: auto; }
  h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
  h2 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .2rem .5rem .2rem 0; border-bottom: 1px solid var(--line); }
  #log { font: 12px/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20rem; overflow: auto;
    border: 1px solid var(--line); border-radius: .4rem; padding: .5rem; }
</style>
<h1>tswasm fleet: <span id="name">a device</span></h1>
<p id="status" role="status"></p>
<h2>Executions here</h2>
<p id="none">None yet. On the fleet's page, drag one onto this device.</p>
<div class="wide"><table><thead><tr><th>execution<th>state<th>fuel<th>memory</thead><tbody id="executions"></tbody></table></div>
<h2>Events</h2>
<div id="log"></div>
<script type="module" src="agent.js"></script>
</html>
`;
