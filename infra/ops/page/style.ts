/** The style of the page: light and dark, on paper, on a wide screen and on a phone. No address is in it. */
export const style = `
:root{color-scheme:light dark;--back:#fff;--card:#fff;--ink:#1c2024;--soft:#596673;--edge:#d9dee3;--grid:#e6eaed;
--l0:#0b6bcb;--l1:#c2410c;--l2:#15803d;--l3:#a21caf;--l4:#0e7490;--l5:#a16207;--l6:#be123c;--l7:#4d4d8f;
--good:#15803d;--warning:#9a5b00;--critical:#b91c1c;--tint:#f5f7f9}
@media (prefers-color-scheme:dark){:root{--back:#14181c;--card:#1b2025;--ink:#e6e9ec;--soft:#9aa7b4;--edge:#333c45;--grid:#2a323a;
--l0:#6cb2ff;--l1:#ff9d5c;--l2:#5fd38a;--l3:#e58af0;--l4:#5cd2e6;--l5:#e0bd4e;--l6:#ff8098;--l7:#aab0ff;
--good:#5fd38a;--warning:#f0b429;--critical:#ff7b72;--tint:#222930}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:84rem;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.25rem;margin:2.5rem 0 .25rem;padding-top:1rem;border-top:1px solid var(--edge)}
h3{font-size:1rem;margin:1.5rem 0 .25rem}h1,h2,h3,figcaption{line-height:1.3}
p{margin:.25rem 0}a{color:var(--l0)}.soft{color:var(--soft)}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;margin:.75rem 0;list-style:none}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(23rem,100%),1fr));gap:1rem;margin:1rem 0}
figure{margin:0;padding:.75rem;min-width:0;border:1px solid var(--edge);border-radius:.5rem;background:var(--card);break-inside:avoid}
figcaption b{display:block}figcaption,.note{color:var(--soft);font-size:.85rem}figcaption b{color:var(--ink);font-size:.95rem}
figure>svg{display:block;width:100%;height:auto;margin:.5rem 0}
svg text{fill:var(--soft);font:11px system-ui,sans-serif}.grid{stroke:var(--grid);fill:none}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}.rule{fill:none;stroke-dasharray:5 4}
path.warning{stroke:var(--warning)}path.critical{stroke:var(--critical)}
.l0{stroke:var(--l0)}.l1{stroke:var(--l1)}.l2{stroke:var(--l2)}.l3{stroke:var(--l3)}.l4{stroke:var(--l4)}.l5{stroke:var(--l5)}
.l6{stroke:var(--l6)}.l7{stroke:var(--l7)}.l4,.l5,.l6,.l7{stroke-dasharray:7 3}
.key{width:18px;height:8px;stroke-width:3;vertical-align:middle;margin-right:.4rem}
.bar{width:100%;min-width:5rem;height:10px;display:block}.bar rect{fill:var(--l0)}.bar rect.warning{fill:var(--warning)}.bar rect.critical{fill:var(--critical)}
.figures{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;margin:.5rem 0 0;padding:0}.figures div{min-width:0}
.figures dt{color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}.figures dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.2}
.scroll{overflow-x:auto;max-width:100%}table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid var(--grid)}th{color:var(--soft);font-weight:500}
tbody tr:nth-child(even){background:var(--tint)}td.long{white-space:pre-wrap;overflow-wrap:anywhere;min-width:16rem}
th.number,td.number{text-align:right;white-space:nowrap}td details{white-space:pre-wrap}details{font-size:.85rem;margin-top:.25rem}summary{cursor:pointer;color:var(--soft)}
.findings,.untold{margin:.75rem 0;padding:0;list-style:none}.findings li,.untold li{border-left:4px solid var(--warning);background:var(--tint);
padding:.4rem .75rem;margin:.4rem 0;overflow-wrap:anywhere;break-inside:avoid}.findings li.critical{border-color:var(--critical)}.untold li{border-color:var(--soft)}
.badge{font-size:.8rem;font-weight:600}.badge.warning,dd.warning{color:var(--warning)}.badge.critical,dd.critical{color:var(--critical)}
.verdict{font-size:1.1rem;font-weight:600;margin-top:.75rem}.verdict.good{color:var(--good)}
.verdict.warning{color:var(--warning)}.verdict.critical{color:var(--critical)}
@media (max-width:40rem){body{padding:.75rem}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:11px}nav,figure details,td details{display:none}
td,th.number,td.number,td.long{white-space:normal;overflow-wrap:anywhere;min-width:0}
.charts{grid-template-columns:1fr 1fr}a{color:inherit;text-decoration:none}h2{break-after:avoid}.scroll{overflow:visible}table{table-layout:auto}}
`;
