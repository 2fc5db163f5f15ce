/** Of the catalogue's page; its hash stands in the page's Content-Security-Policy. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fafaf8; --card: #fff; --ink: #1c1e21; --faint: #5b6068; --line: #dddfe2;
  --accent: #0b57a4; --code: #f1f2f4;
  --published: #14612f; --published-ground: #dff3e4;
  --partly: #6d4b00; --partly-ground: #fbeecb;
  --ours: #3d4a7a; --ours-ground: #e4e8f7;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14161a; --card: #1c1f24; --ink: #e6e8eb; --faint: #a2a9b3; --line: #343941;
    --accent: #7db8f5; --code: #262a31;
    --published: #a5e2b5; --published-ground: #17361f;
    --partly: #f2d58b; --partly-ground: #3b2f0e;
    --ours: #bcc7f3; --ours-ground: #272e4b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif;
}
header, main { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.01em; }
header p { max-width: 46rem; margin: .5rem 0 1.25rem; color: var(--faint); }
h2 { margin: 2.25rem 0 .75rem; font-size: 1.2rem; scroll-margin-top: 1rem; }
h3 { display: inline; margin: 0; font: 600 1rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: var(--accent); }
code, pre { font-family: ui-monospace, monospace; font-size: .875em; }
p code, dd code { padding: .1em .3em; border-radius: 4px; background: var(--code); overflow-wrap: anywhere; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: var(--card); }
[hidden] { display: none !important; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin-bottom: 1rem; }
.filter label { font-weight: 600; }
.filter input {
  flex: 1 1 14rem; max-width: 30rem; padding: .5rem .75rem; border: 1px solid var(--line);
  border-radius: 8px; background: var(--card); color: inherit; font: inherit;
}
.filter output { color: var(--faint); font-variant-numeric: tabular-nums; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; padding: 0; list-style: none; }
nav a {
  display: block; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 99px;
  background: var(--card); color: inherit; font-size: .9rem; text-decoration: none;
}
nav a:hover { border-color: var(--accent); }
nav small { color: var(--faint); }
.legend { display: grid; gap: .35rem; margin: 1.5rem 0; font-size: .9rem; }
.legend div { display: flex; gap: .6rem; align-items: baseline; }
.legend dt { flex: none; width: 8rem; }
.legend dd { margin: 0; color: var(--faint); }
.badge {
  display: inline-block; padding: .05rem .55rem; border-radius: 99px; font: 600 .75rem/1.5 system-ui, sans-serif;
  white-space: nowrap; color: var(--ours); background: var(--ours-ground);
}
.badge.published { color: var(--published); background: var(--published-ground); }
.badge.partly-published { color: var(--partly); background: var(--partly-ground); }
.event {
  margin-bottom: .5rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  scroll-margin-top: 1rem;
}
.event summary {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .6rem; padding: .65rem 1rem;
  cursor: pointer; list-style: none; border-radius: 10px;
}
.event summary::-webkit-details-marker { display: none; }
.event summary::before { content: "▸"; flex: none; width: .8rem; color: var(--faint); }
.event[open] summary::before { content: "▾"; }
.event summary:hover h3 { color: var(--accent); }
.what { flex: 1 1 18rem; color: var(--faint); font-size: .95rem; }
.facts { display: grid; gap: .3rem; margin: .25rem 1rem 1rem; font-size: .95rem; }
.facts > div { display: flex; gap: .75rem; }
.facts dt { flex: none; width: 6.5rem; color: var(--faint); }
.facts dd { margin: 0; min-width: 0; }
.facts ul { margin: 0; padding: 0; list-style: none; }
.scroll { margin: 0 1rem 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .4rem .75rem; text-align: left; vertical-align: top; }
thead th { background: var(--code); font-weight: 600; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { min-width: 9rem; font-weight: 400; }
td { color: var(--ink); }
td:last-child { min-width: 12rem; color: var(--faint); }
figure { margin: 0 1rem 1rem; }
figcaption { display: flex; align-items: center; justify-content: space-between; margin-bottom: .3rem; font-weight: 600; font-size: .9rem; }
pre { margin: 0; padding: .75rem 1rem; overflow: auto; max-height: 26rem; border-radius: 8px; background: var(--code); line-height: 1.45; font-size: .8125rem; }
.copy {
  padding: .15rem .7rem; border: 1px solid var(--line); border-radius: 6px; background: var(--card);
  color: inherit; font: inherit; font-weight: 400; cursor: pointer;
}
.copy:hover { border-color: var(--accent); }
#none { color: var(--faint); }
main { padding-bottom: 4rem; }
@media (max-width: 34rem) {
  header, main { padding-left: .75rem; padding-right: .75rem; }
  .facts > div { flex-direction: column; gap: 0; }
  .legend div { flex-direction: column; gap: 0; }
  .what { flex-basis: 100%; padding-left: 1.4rem; }
}
`
