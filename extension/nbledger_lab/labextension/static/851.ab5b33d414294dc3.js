"use strict";(self.rspackChunknbledger=self.rspackChunknbledger||[]).push([[851],{8475(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=o.n(l),t=o(5303),p=o(9033),d=o(3938),s=o(1643),c=o(2776),b=i()(a());b.i(t.A),b.i(p.A),b.i(d.A),b.i(s.A),b.i(c.A),b.push([e.id,`/* Colours and sizes are JupyterLab's own variables only, so that every theme fits. Each part has a file of its own. */
`,""]),o.d(r,{},{A:b})},9033(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=(o.n(l))()(a());i.push([e.id,`/* The row under a cell's code, and the popover that opens there. */
.jp-Cell-inputWrapper.jp-mod-nbledger {
  flex-wrap: wrap;
  align-content: flex-start;
}

.jp-Cell-inputWrapper.jp-mod-nbledger > .jp-Cell-inputArea,
.jp-Cell-inputWrapper.jp-mod-nbledger > .jp-InputPlaceholder {
  flex: 1 1 0;
  width: auto;
  min-width: 0;
}

.jp-nbledger-cell-row {
  display: flex;
  flex: 0 0 100%;
  box-sizing: border-box;
  height: 20px;
  padding-left: calc(var(--jp-cell-collapser-width) + var(--jp-cell-prompt-width));
  min-width: 0;
}

.jp-nbledger-cell-badge {
  display: inline-flex;
  align-items: center;
  gap: 10px;
  min-width: 0;
  max-width: 100%;
  height: 18px;
  margin: 1px 0;
  padding: 0 6px;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: transparent;
  color: var(--jp-ui-font-color2);
  font-family: var(--jp-ui-font-family);
  font-size: 11px;
  font-variant-numeric: tabular-nums;
  line-height: 18px;
  white-space: nowrap;
  overflow: hidden;
  cursor: pointer;
}

.jp-nbledger-cell-badge[hidden] {
  display: none;
}

.jp-nbledger-cell-badge:hover,
.jp-nbledger-cell-badge[aria-expanded='true'] {
  background: var(--jp-layout-color2);
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-cell-badge:focus-visible,
.jp-nbledger-cell-popover button:focus-visible,
.jp-nbledger-cell-popover [tabindex='0']:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.jp-nbledger-cell-badge > span {
  flex: none;
}

.jp-nbledger-cell-badge > .jp-nbledger-cell-run,
.jp-nbledger-cell-badge > .jp-nbledger-cell-metric {
  flex: 0 1 auto;
  min-width: 0;
  max-width: 24em;
  overflow: hidden;
  text-align: left;
  text-overflow: ellipsis;
}

.jp-nbledger-cell-run {
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-cell-metric b {
  color: var(--jp-ui-font-color1);
  font-weight: 600;
}

/* A triangle says which way a metric went, its colour whether that is good. */
.jp-nbledger-cell-change::before {
  content: '';
  display: inline-block;
  margin-right: 3px;
  vertical-align: 1px;
  border: 3.5px solid transparent;
  border-top: 0;
  border-bottom: 5px solid var(--jp-nbledger-change);
}

.jp-nbledger-cell-change[data-way='down']::before {
  border-top: 5px solid var(--jp-nbledger-change);
  border-bottom: 0;
}

.jp-nbledger-cell-change[data-tendency='better'] {
  --jp-nbledger-change: var(--jp-success-color1);
}

.jp-nbledger-cell-change[data-tendency='worse'] {
  --jp-nbledger-change: var(--jp-error-color1);
}

.jp-nbledger-cell-dot {
  --jp-nbledger-dot: var(--jp-ui-font-color3);

  width: 7px;
  height: 7px;
  border-radius: 50%;
  background: var(--jp-nbledger-dot);
}

.jp-nbledger-cell-badge[data-kind='earlier'] .jp-nbledger-cell-dot,
.jp-nbledger-cell-row.jp-mod-running .jp-nbledger-cell-dot {
  background: transparent;
  box-shadow: inset 0 0 0 1.5px var(--jp-nbledger-dot);
}

.jp-nbledger-cell-badge[data-kind='stale'] .jp-nbledger-cell-dot,
.jp-nbledger-cell-badge[data-kind='order'] .jp-nbledger-cell-dot {
  --jp-nbledger-dot: var(--jp-warn-color1);
}

.jp-nbledger-cell-badge[data-kind='failed'] .jp-nbledger-cell-dot,
.jp-nbledger-cell-badge[data-kind='leak'] .jp-nbledger-cell-dot {
  --jp-nbledger-dot: var(--jp-error-color1);
}

.jp-nbledger-cell-row.jp-mod-running .jp-nbledger-cell-dot {
  --jp-nbledger-dot: var(--jp-brand-color1);
}

/* A long reason gives way before the run's name and its metric do, and these before the mark itself. */
.jp-nbledger-cell-badge > .jp-nbledger-cell-mark {
  flex: 0 1000 auto;
  min-width: 5em;
  overflow: hidden;
  text-overflow: ellipsis;
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-cell-reason {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-cell-popover {
  position: fixed;
  z-index: 1000;
  box-sizing: border-box;
  display: flex;
  flex-direction: column;
  gap: 8px;
  width: min(560px, calc(100vw - 16px));
  padding: 10px 12px 12px;
  overflow: auto;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  box-shadow: var(--jp-elevation-z6);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  line-height: 1.4;
  user-select: text;
}

.jp-nbledger-cell-popover:focus {
  outline: none;
}

.jp-nbledger-cell-popover p,
.jp-nbledger-cell-popover ul,
.jp-nbledger-cell-popover h2,
.jp-nbledger-cell-popover h3 {
  margin: 0;
}

.jp-nbledger-cell-popover h2 {
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
  overflow-wrap: anywhere;
}

.jp-nbledger-cell-popover h3,
.jp-nbledger-cell-popover caption {
  padding: 2px 0;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
  text-align: left;
}

.jp-nbledger-cell-head {
  position: sticky;
  top: -10px;
  z-index: 1;
  margin: -10px 0 0;
  padding: 10px 0 2px;
  background: var(--jp-layout-color1);
  display: flex;
  align-items: flex-start;
  justify-content: space-between;
  gap: 8px;
}

.jp-nbledger-cell-close {
  flex: none;
  width: 22px;
  height: 22px;
  margin: -3px -4px 0 0;
  padding: 0;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: transparent;
  color: var(--jp-ui-font-color1);
  font-size: 16px;
  line-height: 20px;
  cursor: pointer;
}

.jp-nbledger-cell-close:hover {
  background: var(--jp-layout-color2);
}

.jp-nbledger-cell-popover code,
.jp-nbledger-cell-popover pre {
  font-family: var(--jp-code-font-family);
  font-size: 0.95em;
  background: transparent;
  color: inherit;
}

.jp-nbledger-cell-facts,
.jp-nbledger-cell-note {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-cell-facts b {
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-cell-marks {
  display: flex;
  flex-direction: column;
  gap: 4px;
  padding: 0;
  list-style: none;
}

.jp-nbledger-cell-marks li {
  padding-left: 8px;
  border-left: 3px solid var(--jp-border-color1);
  overflow-wrap: anywhere;
}

.jp-nbledger-cell-marks li[data-kind='stale'],
.jp-nbledger-cell-marks li[data-kind='order'] {
  border-left-color: var(--jp-warn-color1);
}

.jp-nbledger-cell-marks li[data-kind='failed'],
.jp-nbledger-cell-marks li[data-kind='leak'] {
  border-left-color: var(--jp-error-color1);
}

.jp-nbledger-cell-torun,
.jp-nbledger-cell-actions {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
}

.jp-nbledger-cell-actions {
  position: sticky;
  bottom: -12px;
  margin-bottom: -12px;
  padding: 4px 0 12px;
  background: var(--jp-layout-color1);
}

.jp-nbledger-cell-actions:empty {
  display: none;
}

.jp-nbledger-cell-history {
  flex: none;
  max-height: 132px;
  overflow: auto;
  border-bottom: 1px solid var(--jp-border-color2);
}

.jp-nbledger-cell-popover table {
  width: 100%;
  border-collapse: collapse;
  font-size: var(--jp-ui-font-size1);
  font-variant-numeric: tabular-nums;
}

.jp-nbledger-cell-popover th,
.jp-nbledger-cell-popover td {
  padding: 2px 8px 2px 0;
  border: 0;
  text-align: left;
  font-weight: normal;
  vertical-align: top;
}

.jp-nbledger-cell-popover thead th {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-cell-history thead th {
  position: sticky;
  top: 0;
  background: var(--jp-layout-color1);
}

.jp-nbledger-cell-popover td.jp-mod-number,
.jp-nbledger-cell-popover th.jp-mod-number {
  padding-right: 20px;
  text-align: right;
}

.jp-nbledger-cell-popover tr.jp-mod-selected > * {
  background: var(--jp-layout-color2);
}

.jp-nbledger-cell-diff {
  padding: 0 4px;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: transparent;
  color: var(--jp-content-link-color);
  font: inherit;
  text-decoration: underline;
  cursor: pointer;
}

.jp-nbledger-cell-diff[aria-pressed='true'] {
  font-weight: 600;
}

.jp-nbledger-cell-changes {
  display: flex;
  flex-direction: column;
  gap: 6px;
}

.jp-nbledger-cell-changes ul {
  padding-left: 1.2em;
}

.jp-nbledger-cell-changes td,
.jp-nbledger-cell-changes tbody th {
  overflow-wrap: anywhere;
}

.jp-nbledger-cell-changes pre {
  margin: 0;
  padding: 4px 0;
  overflow: auto;
  max-height: 200px;
  border: 1px solid var(--jp-border-color2);
  line-height: 1.35;
}

.jp-nbledger-cell-changes pre span {
  display: block;
  min-width: max-content;
  padding: 0 8px;
  min-height: 1em;
}

.jp-nbledger-cell-changes pre span[data-kind='added'] {
  box-shadow: inset 3px 0 0 var(--jp-success-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-cell-changes pre span[data-kind='removed'] {
  box-shadow: inset 3px 0 0 var(--jp-error-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-cell-changes pre span[data-kind='gap'] {
  color: var(--jp-ui-font-color2);
}

/* On a narrow page JupyterLab puts the prompt above the code. */
@media only screen and (width <= 760px) {
  .jp-nbledger-cell-row {
    padding-left: calc(var(--jp-cell-collapser-width) + var(--jp-code-padding));
  }
}

@media print {
  .jp-nbledger-cell-row,
  .jp-nbledger-cell-popover {
    display: none;
  }
}
`,""]),o.d(r,{},{A:i})},5303(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=(o.n(l))()(a());i.push([e.id,`/* What several views use: messages, buttons, tables. */
.jp-nbledger-button {
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  line-height: 1;
  padding: 5px 10px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  cursor: pointer;
}

.jp-nbledger-button:hover:not(:disabled) {
  background: var(--jp-layout-color2);
}

.jp-nbledger-button:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.jp-nbledger-button:disabled {
  color: var(--jp-ui-font-color3);
  cursor: default;
}

.jp-nbledger-button.jp-mod-accept {
  background: var(--jp-accept-color-normal, var(--jp-brand-color1));
  border-color: transparent;
  color: var(--jp-ui-inverse-font-color1);
}

.jp-nbledger-button.jp-mod-accept:hover:not(:disabled) {
  background: var(--jp-accept-color-hover, var(--jp-brand-color0));
}

.jp-nbledger-Problem {
  padding: 24px 16px;
  max-width: 46em;
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
  line-height: var(--jp-content-line-height, 1.6);
  overflow-wrap: anywhere;
}

.jp-nbledger-Problem p {
  margin: 0 0 8px;
}

.jp-nbledger-Problem-title {
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
  margin-bottom: 8px;
}

.jp-nbledger-Problem p code {
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.jp-nbledger-Problem pre {
  margin: 0 0 12px;
  padding: 8px 10px;
  border: 1px solid var(--jp-border-color2);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  color: var(--jp-content-font-color1);
  user-select: text;
}

.jp-nbledger-Problem.jp-mod-inline {
  padding: 6px 10px;
  max-width: none;
  line-height: 1.4;
  background: var(--jp-layout-color2);
  border-left: 3px solid var(--jp-warn-color1);
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-Problem.jp-mod-inline p {
  display: inline;
  margin: 0 6px 0 0;
}

.jp-nbledger-Problem.jp-mod-inline .jp-nbledger-Problem-title {
  display: inline;
  font-size: inherit;
  margin: 0 6px 0 0;
}

.jp-nbledger-mod-scrolling tbody {
  pointer-events: none;
}

.jp-nbledger-Lines {
  max-width: 560px;
  margin: 0;
  padding-left: 18px;
  line-height: 1.5;
}
`,""]),o.d(r,{},{A:i})},1643(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=(o.n(l))()(a());i.push([e.id,`/* Tabs of the main area: run, compare, lineage, diff, models, sweeps, pipelines. */
.jp-nbledger-main {
  display: block;
  overflow: auto;
  padding: 20px 24px 40px;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
  line-height: 1.5;
  container-type: size;
  outline: none;
}

.jp-nbledger-main[data-view="lineage"],
.jp-nbledger-main[data-view="registry"],
.jp-nbledger-main[data-view="sweeps"],
.jp-nbledger-main[data-view="pipelines"] {
  padding-bottom: 0;
}

.jp-nbledger-main :where(h2, h3, h4, p, dl, dd, ul, ol, figure) {
  margin: 0;
}

.jp-nbledger-main :where(code, pre) {
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.jp-nbledger-main td code,
.jp-nbledger-main-facts code,
.jp-nbledger-main-link code {
  font-size: var(--jp-ui-font-size0);
}

.jp-nbledger-main :focus-visible,
.jp-nbledger-main-confirm :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.jp-nbledger-main-unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

/* In the notebook application a view stands below the notebook. */
.jp-nbledger-below {
  min-height: 45vh;
}

/* Head */
.jp-nbledger-main-head {
  display: flex;
  flex-wrap: wrap;
  align-items: flex-start;
  gap: 8px 24px;
  margin-bottom: 16px;
}

.jp-nbledger-main-head-words {
  flex: 1 1 320px;
  min-width: 0;
}

.jp-nbledger-main-title {
  font-size: var(--jp-ui-font-size3);
  font-weight: 600;
  line-height: 1.3;
  overflow-wrap: anywhere;
}

.jp-nbledger-main-facts {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 2px 18px;
  margin-top: 4px;
  color: var(--jp-ui-font-color2);
  overflow-wrap: anywhere;
}

.jp-nbledger-main-actions {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
}

.jp-nbledger-button.jp-nbledger-main-action {
  display: inline-flex;
  align-items: center;
  gap: 6px;
  line-height: 16px;
  white-space: nowrap;
}

.jp-nbledger-button.jp-nbledger-main-action[aria-disabled="true"],
.jp-nbledger-main .jp-nbledger-button[aria-disabled="true"],
.jp-nbledger-main-link[aria-disabled="true"] {
  opacity: 0.6;
  cursor: not-allowed;
}

.jp-nbledger-button.jp-nbledger-main-action[aria-pressed="true"] {
  background: var(--jp-layout-color3);
  font-weight: 600;
}

.jp-nbledger-main-actions > .jp-nbledger-button {
  line-height: 16px;
}

.jp-nbledger-main-choice {
  display: inline-flex;
}

.jp-nbledger-main-choice > .jp-nbledger-main-action:not(:first-child) {
  margin-left: -1px;
  border-top-left-radius: 0;
  border-bottom-left-radius: 0;
}

.jp-nbledger-main-choice > .jp-nbledger-main-action:not(:last-child) {
  border-top-right-radius: 0;
  border-bottom-right-radius: 0;
}

.jp-nbledger-main-action-icon {
  display: inline-flex;
}

.jp-nbledger-main-action-icon svg {
  width: 14px;
  height: 14px;
}

.jp-nbledger-main-link,
a.jp-nbledger-main-link {
  appearance: none;
  display: inline;
  padding: 0;
  border: 0;
  background: none;
  color: var(--jp-content-link-color, var(--jp-brand-color1));
  font: inherit;
  text-align: inherit;
  text-decoration: none;
  cursor: pointer;
  overflow-wrap: anywhere;
}

.jp-nbledger-main-link:hover:not([aria-disabled="true"]) {
  text-decoration: underline;
}

.jp-nbledger-main-icon-button {
  appearance: none;
  display: inline-flex;
  padding: 2px;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: none;
  cursor: pointer;
}

.jp-nbledger-main-icon-button:hover {
  background: var(--jp-layout-color3);
}

.jp-nbledger-main-icon-button svg {
  width: 14px;
  height: 14px;
}

.jp-nbledger-main-icon-button .jp-mod-left svg {
  transform: rotate(-90deg);
}

/* Parts */
.jp-nbledger-main-section {
  margin: 0 0 20px;
  min-width: 0;
}

.jp-nbledger-main-section-head {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 10px;
  min-height: 28px;
  margin-bottom: 6px;
}

summary.jp-nbledger-main-section-head {
  display: list-item;
  cursor: pointer;
}

summary.jp-nbledger-main-section-head > * {
  display: inline;
  margin-right: 10px;
}

.jp-nbledger-main :where(h3) {
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
}

.jp-nbledger-main :where(h4) {
  margin: 10px 0 4px;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.jp-nbledger-main-tools {
  margin-left: auto;
}

.jp-nbledger-main-note,
.jp-nbledger-main-row-note {
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size1);
  font-weight: 400;
}

.jp-nbledger-main-row-note {
  display: block;
  font-size: var(--jp-ui-font-size0);
}

.jp-nbledger-main-nothing {
  padding: 4px 0;
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-columns {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 0 32px;
}

@container (min-width: 820px) {
  .jp-nbledger-main-columns {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
}

.jp-nbledger-main-scrolls {
  overflow: auto;
  max-width: 100%;
}

.jp-nbledger-main-scrolls.jp-mod-tall {
  max-height: 420px;
}

.jp-nbledger-main-list {
  padding-left: 20px;
}

.jp-nbledger-main-list:empty {
  display: none;
}

.jp-nbledger-main-facts-list {
  display: grid;
  grid-template-columns: max-content 1fr;
  gap: 2px 16px;
  margin-bottom: 8px;
}

.jp-nbledger-main-facts-list dt {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-conclusion {
  max-width: 78ch;
  margin-bottom: 14px;
  padding: 8px 12px;
  border-left: 3px solid var(--jp-brand-color1);
  background: var(--jp-layout-color2);
  white-space: pre-line;
}

.jp-nbledger-main-judgement {
  max-width: 78ch;
  margin-bottom: 6px;
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-error {
  padding: 8px 12px;
  border-left: 3px solid var(--jp-error-color1);
  background: var(--jp-layout-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

.jp-nbledger-main-error + details {
  margin-top: 8px;
}

/* Tables */
.jp-nbledger-main-table {
  border-collapse: collapse;
  width: 100%;
  font-variant-numeric: tabular-nums;
}

.jp-nbledger-main-table :is(th, td) {
  padding: 5px 20px 5px 0;
  border: 0;
  border-bottom: 1px solid var(--jp-border-color2);
  text-align: left;
  vertical-align: top;
  font-weight: 400;
  overflow-wrap: break-word;
}

.jp-nbledger-main-table :is(th, td):last-child {
  padding-right: 4px;
}

.jp-nbledger-main-table thead :is(th, td) {
  position: sticky;
  top: 0;
  z-index: 1;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  white-space: nowrap;
}

.jp-nbledger-main-table tbody tr:hover :is(th, td) {
  background: var(--jp-layout-color2);
}

.jp-nbledger-main-table tbody tr.jp-mod-selected :is(th, td) {
  background: var(--jp-layout-color2);
  box-shadow: inset 0 1px var(--jp-brand-color1), inset 0 -1px var(--jp-brand-color1);
}

.jp-nbledger-main-table tbody tr.jp-mod-quiet :is(th, td) {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-table .jp-mod-number {
  text-align: right;
  white-space: nowrap;
}

.jp-nbledger-main-table .jp-mod-main {
  font-weight: 600;
}

.jp-nbledger-main-table .jp-mod-tools {
  min-width: 150px;
}

.jp-nbledger-main-table .jp-mod-tools > * {
  margin-right: 12px;
  white-space: nowrap;
}

.jp-nbledger-main-table.jp-mod-pairs {
  width: auto;
  min-width: min(100%, 480px);
}

.jp-nbledger-main-table.jp-mod-compare {
  width: auto;
  min-width: 50%;
}

.jp-nbledger-main-table.jp-mod-compare :is(td, th[scope="col"]) {
  min-width: 130px;
  padding-left: 12px;
}

.jp-nbledger-main-table.jp-mod-compare :is(th[scope="row"], th[scope="rowgroup"], thead td) {
  position: sticky;
  left: 0;
  min-width: 150px;
  max-width: 320px;
  padding-left: 0;
  background: var(--jp-layout-color1);
}

.jp-nbledger-main-table.jp-mod-compare thead td {
  z-index: 2;
}

.jp-nbledger-main-group th {
  padding-top: 14px !important;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-weight: 600 !important;
}

.jp-nbledger-main-table.jp-mod-compare .jp-mod-number {
  text-align: left;
  white-space: normal;
}

.jp-nbledger-main-table.jp-mod-compare .jp-mod-code {
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  line-height: calc(1.5 * var(--jp-ui-font-size1));
}

.jp-nbledger-main-table .jp-nbledger-main-link {
  overflow-wrap: break-word;
  vertical-align: top;
}

.jp-nbledger-main-table .jp-mod-what {
  min-width: 180px;
}

.jp-nbledger-main-run-name {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: 8px;
  font-size: var(--jp-ui-font-size1);
  white-space: normal;
}

.jp-nbledger-main-run-tools {
  display: inline-flex;
}

.jp-nbledger-main-run-facts {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-table td.jp-mod-best {
  font-weight: 600;
}

.jp-nbledger-main .jp-nbledger-Problem.jp-mod-inline {
  margin-bottom: 12px;
}

.jp-nbledger-main-interval,
.jp-nbledger-main-table :is(time, .jp-mod-whole) {
  white-space: nowrap;
}

.jp-nbledger-main-table td.jp-mod-apart > .jp-nbledger-main-mark {
  display: block;
  width: max-content;
  margin-left: 0;
}

.jp-nbledger-main-table td.jp-mod-apart > span:first-child {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-gain {
  display: block;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-weight: 400;
}

.jp-nbledger-main-none {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-main-sort {
  appearance: none;
  padding: 0;
  border: 0;
  background: none;
  color: inherit;
  font: inherit;
  cursor: pointer;
}

/* Words set apart */
.jp-nbledger-main-mark {
  display: inline-block;
  margin-left: 6px;
  padding: 0 6px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 8px;
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size0);
  font-weight: 400;
  line-height: 16px;
  white-space: nowrap;
}

.jp-nbledger-main-mark.jp-mod-warn {
  border-color: var(--jp-warn-color1);
}

.jp-nbledger-main-mark.jp-mod-best {
  border-color: var(--jp-success-color1);
}

.jp-nbledger-main-mark.jp-mod-alias {
  border-color: var(--jp-brand-color1);
}

td > .jp-nbledger-main-mark:first-child,
.jp-nbledger-main-facts .jp-nbledger-main-mark,
.jp-nbledger-main-aliases .jp-nbledger-main-mark {
  margin-left: 0;
}

.jp-nbledger-main-aliases {
  display: inline-flex;
  flex-wrap: wrap;
  gap: 4px;
}

.jp-nbledger-main-status {
  white-space: nowrap;
}

.jp-nbledger-main-status-mark {
  display: inline-block;
  width: 8px;
  height: 8px;
  margin-right: 6px;
  border-radius: 50%;
  background: var(--jp-ui-font-color3);
}

:is([data-status="finished"], [data-status="passed"], [data-status="cached"]) > .jp-nbledger-main-status-mark {
  background: var(--jp-success-color1);
}

:is([data-status="failed"], [data-status="error"], [data-status="refused"]) > .jp-nbledger-main-status-mark {
  border-radius: 0;
  background: var(--jp-error-color1);
}

:is([data-status="interrupted"], [data-status="cancelled"], [data-status="waived"], [data-status="skipped"]) > .jp-nbledger-main-status-mark {
  border-radius: 0;
  transform: rotate(45deg);
  background: var(--jp-warn-color1);
}

[data-status="running"] > .jp-nbledger-main-status-mark {
  border: 2px solid var(--jp-brand-color1);
  background: none;
  box-sizing: border-box;
}

.jp-nbledger-main-chips {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
  margin-bottom: 8px;
  padding: 0;
  list-style: none;
}

.jp-nbledger-main-chips[hidden] {
  display: none;
}

.jp-nbledger-main-chip {
  padding: 1px 8px;
  border: 1px solid var(--jp-border-color2);
  border-radius: 10px;
  background: var(--jp-layout-color2);
  overflow-wrap: anywhere;
}

.jp-nbledger-main-chip-name {
  color: var(--jp-ui-font-color2);
}

/* Forms */
.jp-nbledger-main-form.jp-mod-inline {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
  margin: 0 0 10px;
}

.jp-nbledger-main-input {
  box-sizing: border-box;
  height: 28px;
  max-width: 100%;
  padding: 2px 8px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-input-background, var(--jp-layout-color1));
  color: var(--jp-ui-font-color1);
  font-family: inherit;
  font-size: var(--jp-ui-font-size1);
  color-scheme: inherit;
}

.jp-nbledger-main-input::placeholder {
  color: var(--jp-ui-font-color2);
  opacity: 1;
}

.jp-nbledger-main-input.jp-mod-narrow {
  width: 150px;
}

.jp-nbledger-main-form label {
  color: var(--jp-ui-font-color1);
}

.jp-nbledger-main-option {
  display: inline-flex;
  align-items: center;
  gap: 6px;
}

body[data-jp-theme-light="false"] .jp-nbledger-main {
  color-scheme: dark;
}

.jp-nbledger-main-input.jp-mod-wide {
  flex: 1 1 260px;
  width: 100%;
  max-width: 460px;
}

.jp-nbledger-main-field {
  display: grid;
  grid-template-columns: 90px minmax(0, 1fr);
  align-items: center;
  gap: 8px;
  margin-bottom: 8px;
}

.jp-nbledger-main-field .jp-nbledger-main-input {
  width: 100%;
  max-width: 460px;
}

.jp-nbledger-main-field .jp-nbledger-main-input.jp-mod-text {
  height: auto;
  max-width: 620px;
  line-height: 1.4;
  resize: vertical;
}

.jp-nbledger-main-pair {
  display: flex;
  gap: 8px;
  max-width: 460px;
}

.jp-nbledger-main-field .jp-nbledger-main-pair .jp-mod-narrow {
  width: 150px;
}

.jp-nbledger-main-panel,
.jp-nbledger-main-job {
  padding: 12px 16px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
}

.jp-nbledger-main-panel .jp-nbledger-main-actions {
  margin-top: 12px;
}

.jp-nbledger-main-job progress {
  width: 100%;
  max-width: 420px;
  accent-color: var(--jp-brand-color1);
}

.jp-nbledger-main-verdict {
  padding-left: 12px;
  border-left: 3px solid var(--jp-warn-color1);
}

.jp-nbledger-main-verdict:is([data-verdict="identical"], [data-verdict="equivalent"]) {
  border-left-color: var(--jp-success-color1);
}

.jp-nbledger-main-verdict[data-verdict="failed"] {
  border-left-color: var(--jp-error-color1);
}

.jp-nbledger-main-done:not(:empty) {
  margin-bottom: 14px;
  padding: 8px 12px;
  border-left: 3px solid var(--jp-success-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-main-deleted {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px 16px;
  margin-bottom: 14px;
  padding: 8px 12px;
  border-left: 3px solid var(--jp-warn-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-main-description {
  max-width: 78ch;
  margin-bottom: 14px;
  white-space: pre-line;
}

/* Code and diffs */
.jp-nbledger-main-code {
  max-height: 520px;
  border: 1px solid var(--jp-cell-editor-border-color, var(--jp-border-color2));
  border-radius: var(--jp-border-radius);
  background: var(--jp-cell-editor-background);
}

.jp-nbledger-main-code pre,
.jp-nbledger-main-code .jp-RenderedHTMLCommon pre {
  margin: 0;
  padding: 8px 12px;
  background: none;
  color: var(--jp-content-font-color1);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: var(--jp-code-line-height);
  white-space: pre;
}

.jp-nbledger-main-code .jp-RenderedHTMLCommon {
  padding: 0;
}

.jp-nbledger-main-code .jp-RenderedHTMLCommon :is(code, span) {
  background: none;
}

.jp-nbledger-main-code [hidden] {
  display: none;
}

.jp-nbledger-main-diff {
  border-collapse: collapse;
  min-width: 100%;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: var(--jp-code-line-height);
}

.jp-nbledger-main-diff td {
  padding: 0 8px;
  vertical-align: top;
}

.jp-nbledger-main-diff-number {
  width: 1%;
  min-width: 3ch;
  color: var(--jp-ui-font-color2);
  text-align: right;
  user-select: none;
}

.jp-nbledger-main-diff td.jp-nbledger-main-diff-sign {
  width: 1%;
  padding: 0 2px 0 6px;
  user-select: none;
}

.jp-nbledger-main-diff-code {
  white-space: pre;
}

.jp-nbledger-main-diff-removed td {
  background: color-mix(in srgb, var(--jp-error-color1) 14%, transparent);
}

.jp-nbledger-main-diff-added td {
  background: color-mix(in srgb, var(--jp-success-color1) 14%, transparent);
}

.jp-nbledger-main-diff-gap td {
  color: var(--jp-ui-font-color2);
  background: var(--jp-layout-color2);
}

/* Figures */
/* A figure is drawn for both themes; its words take the theme's ink, without plotly's halo around the ticks of axes. */
.jp-nbledger-main-figure :is(.infolayer, .xaxislayer-above, .yaxislayer-above, .parcoords) text {
  fill: var(--jp-ui-font-color1) !important;
  text-shadow: none !important;
}

.jp-nbledger-main-figure .parcoords .axis :is(path.domain, line) {
  stroke: var(--jp-ui-font-color2) !important;
  stroke-opacity: 0.6 !important;
}

.jp-nbledger-main-figure figcaption {
  max-width: 90ch;
  margin-top: 6px;
  color: var(--jp-ui-font-color2);
}

/* A list beside what is chosen in it */
.jp-nbledger-main-split {
  display: grid;
  grid-template-columns: minmax(0, 1fr);
  gap: 20px 28px;
}

@container (min-width: 720px) {
  .jp-nbledger-main-split {
    grid-template-columns: 220px minmax(0, 1fr);
  }

  .jp-nbledger-main-models {
    position: sticky;
    top: 0;
    align-self: start;
    max-height: calc(100cqh - 20px);
    overflow: auto;
  }
}

.jp-nbledger-main-models ul {
  padding: 0;
  list-style: none;
}

.jp-nbledger-main-models h3 {
  margin: 0 0 6px 10px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.jp-nbledger-main-model {
  appearance: none;
  display: block;
  width: 100%;
  padding: 6px 10px;
  border: 0;
  border-left: 3px solid transparent;
  border-radius: 0 var(--jp-border-radius) var(--jp-border-radius) 0;
  background: none;
  color: var(--jp-ui-font-color1);
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.jp-nbledger-main-model:hover {
  background: var(--jp-layout-color2);
}

.jp-nbledger-main-model[aria-current="true"] {
  border-left-color: var(--jp-brand-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-main-models :focus-visible {
  outline-offset: -2px;
}

.jp-nbledger-main-model-name {
  display: block;
  overflow-wrap: anywhere;
}

.jp-nbledger-main-model-facts {
  display: flex;
  flex-wrap: wrap;
  gap: 0 10px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.jp-nbledger-main-split-body {
  min-width: 0;
  padding-bottom: 40px;
}

/* An alias in time */
.jp-nbledger-main-bands {
  margin-bottom: 12px;
}

.jp-nbledger-main-band {
  display: grid;
  grid-template-columns: 110px minmax(0, 1fr);
  align-items: center;
  gap: 8px;
  margin-bottom: 4px;
}

.jp-nbledger-main-band-name {
  overflow: hidden;
  text-overflow: ellipsis;
}

.jp-nbledger-main-band-line {
  position: relative;
  height: 24px;
  padding: 0;
  background: var(--jp-layout-color2);
  list-style: none;
}

.jp-nbledger-main-band-line li {
  position: absolute;
  top: 0;
  bottom: 0;
  box-sizing: border-box;
  overflow: hidden;
  border: 1px solid var(--jp-border-color1);
  border-left: 3px solid var(--jp-brand-color1);
  background: var(--jp-layout-color1);
  font-size: var(--jp-ui-font-size0);
  line-height: 22px;
  text-align: center;
}

.jp-nbledger-main-band-line li.jp-mod-now {
  background: color-mix(in srgb, var(--jp-brand-color1) 18%, var(--jp-layout-color1));
  font-weight: 600;
}

.jp-nbledger-main-band-ends {
  display: flex;
  justify-content: space-between;
  margin-left: 118px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

/* Progress */
.jp-nbledger-main-progress {
  margin-bottom: 16px;
}

.jp-nbledger-main-bar {
  display: flex;
  height: 8px;
  margin-bottom: 4px;
  overflow: hidden;
  border-radius: 4px;
  background: var(--jp-layout-color3);
}

.jp-nbledger-main-bar > [data-status="finished"] {
  background: var(--jp-success-color1);
}

.jp-nbledger-main-bar > [data-status="cached"] {
  background: var(--jp-success-color2);
}

.jp-nbledger-main-bar > [data-status="failed"] {
  background: var(--jp-error-color1);
}

.jp-nbledger-main-bar > :is([data-status="cancelled"], [data-status="interrupted"], [data-status="skipped"]) {
  background: var(--jp-warn-color1);
}

.jp-nbledger-main-bar > [data-status="running"] {
  background: var(--jp-brand-color1);
}

/* Graphs */
.jp-nbledger-main-lineage {
  display: flex;
  flex-direction: column;
  height: calc(100cqh - 20px);
  min-height: 420px;
}

.jp-nbledger-main-lineage-body {
  display: flex;
  flex: 1 1 auto;
  gap: 16px;
  min-height: 0;
}

.jp-nbledger-main-lineage-body > :first-child {
  flex: 1 1 auto;
  min-width: 0;
}

.jp-nbledger-main-graph {
  display: flex;
  flex-direction: column;
  min-height: 0;
  padding-bottom: 16px;
}

.jp-nbledger-main-graph-tools {
  display: flex;
  align-items: center;
  gap: 4px;
  margin-bottom: 6px;
}

.jp-nbledger-main-graph-tools .jp-nbledger-main-note {
  margin-left: 8px;
}

.jp-nbledger-main-graph-box {
  flex: 1 1 auto;
  min-height: 0;
  overflow: auto;
  border: 1px solid var(--jp-border-color2);
  border-radius: var(--jp-border-radius);
  cursor: grab;
  touch-action: pan-x pan-y;
}

.jp-nbledger-main-graph-box:active {
  cursor: grabbing;
}

.jp-nbledger-main-graph-box > svg,
.jp-nbledger-main-steps > svg {
  display: block;
  margin: 0 auto;
}

.jp-nbledger-main-steps {
  max-height: 340px;
  margin-bottom: 12px;
  overflow: auto;
  border: 1px solid var(--jp-border-color2);
  border-radius: var(--jp-border-radius);
}

.jp-nbledger-main marker path {
  fill: var(--jp-ui-font-color3);
  fill: context-stroke;
}

.jp-nbledger-main-edge {
  fill: none;
  stroke: var(--jp-ui-font-color3);
  stroke-width: 1.2;
}

.jp-nbledger-main-edge.jp-mod-lit {
  stroke: var(--jp-brand-color1);
  stroke-width: 2.2;
}

.jp-nbledger-main .jp-nbledger-main-node {
  cursor: pointer;
  outline: none;
}

.jp-nbledger-main-node .jp-mod-box,
.jp-nbledger-main-node .jp-mod-behind {
  fill: var(--jp-layout-color1);
  stroke: var(--jp-border-color0, var(--jp-border-color1));
}

.jp-nbledger-main-node:hover .jp-mod-box {
  fill: var(--jp-layout-color2);
}

.jp-nbledger-main-node .jp-mod-band {
  fill: var(--jp-ui-font-color3);
}

.jp-nbledger-main-node .jp-mod-label {
  fill: var(--jp-ui-font-color1);
  font-size: 13px;
}

.jp-nbledger-main-node .jp-mod-detail {
  fill: var(--jp-ui-font-color2);
  font-size: 10.5px;
}

.jp-nbledger-main-node .jp-mod-sign > * {
  fill: none;
  stroke: var(--jp-ui-font-color2);
  stroke-width: 1.1;
}

.jp-nbledger-main-node:is([data-kind="cell"], [data-status="running"]) .jp-mod-band {
  fill: var(--jp-brand-color1);
}

.jp-nbledger-main-node:is([data-kind="file"], [data-kind="url"]) .jp-mod-band {
  fill: var(--jp-warn-color1);
}

.jp-nbledger-main-node:is([data-kind="model"], [data-kind="alias"], [data-status="finished"], [data-status="cached"]) .jp-mod-band {
  fill: var(--jp-success-color1);
}

.jp-nbledger-main-node:is([data-kind="metric"]) .jp-mod-band {
  fill: var(--jp-info-color1);
}

.jp-nbledger-main-node[data-status="failed"] .jp-mod-band {
  fill: var(--jp-error-color1);
}

.jp-nbledger-main-node:is([data-status="skipped"], [data-status="cancelled"], [data-status="interrupted"]) .jp-mod-band {
  fill: var(--jp-warn-color1);
}

.jp-nbledger-main-node[aria-disabled="true"] {
  cursor: default;
}

.jp-nbledger-main-node.jp-mod-root .jp-mod-label {
  font-weight: 600;
}

.jp-nbledger-main-node.jp-mod-root .jp-mod-box {
  stroke: var(--jp-ui-font-color1);
}

.jp-nbledger-main-node:is(.jp-mod-selected, .jp-mod-found) .jp-mod-box {
  stroke: var(--jp-brand-color1);
  stroke-width: 2;
}

.jp-nbledger-main-node.jp-mod-quiet {
  opacity: 0.6;
}

.jp-nbledger-main-node:focus-visible .jp-mod-box {
  stroke: var(--jp-brand-color1);
  stroke-width: 3;
}

.jp-nbledger-main-aside {
  flex: 0 0 320px;
  min-width: 0;
  padding: 0 4px 16px;
  overflow: auto;
}

.jp-nbledger-main-aside-head {
  display: flex;
  align-items: flex-start;
  justify-content: space-between;
  gap: 8px;
  overflow-wrap: anywhere;
}

.jp-nbledger-main-aside > .jp-nbledger-main-actions {
  margin: 8px 0;
}

.jp-nbledger-main-detail {
  white-space: pre-line;
  color: var(--jp-ui-font-color2);
}

@container (max-width: 760px) {
  .jp-nbledger-main-lineage-body {
    flex-direction: column;
  }

  .jp-nbledger-main-aside {
    flex: 0 1 40%;
  }
}

.jp-nbledger-main-scrolls.jp-mod-fill {
  padding-bottom: 16px;
}

/* The dialog before a promotion or rollback */
.jp-nbledger-main-confirm {
  max-width: 620px;
  line-height: 1.5;
}

.jp-nbledger-main-confirm-what {
  margin-bottom: 8px;
  font-size: var(--jp-ui-font-size2);
  font-weight: 600;
}

.jp-nbledger-main-confirm .jp-nbledger-main-list {
  margin: 0 0 10px;
}

.jp-nbledger-main-confirm .jp-mod-warn {
  font-weight: 600;
}

.jp-nbledger-main-confirm .jp-mod-warn::marker {
  color: var(--jp-warn-color1);
}

.jp-nbledger-main-ask {
  display: grid;
  gap: 4px;
}

.jp-nbledger-main-rest {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px 12px;
  padding: 6px 10px;
}
`,""]),o.d(r,{},{A:i})},2776(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=(o.n(l))()(a());i.push([e.id,`/* The status bar's item, and widgets that are filled when they are shown. */
.jp-nbledger-Lazy {
  display: flex;
  flex-direction: column;
  min-width: 200px;
  background: var(--jp-layout-color1);
}

.jp-nbledger-Lazy > .lm-Widget {
  flex: 1 1 auto;
  min-height: 0;
}

.jp-nbledger-StatusItem button {
  display: flex;
  align-items: center;
  gap: 4px;
  height: 24px;
  padding: 0 6px;
  border: 0;
  background: transparent;
  color: var(--jp-ui-font-color1);
  font: inherit;
  font-size: var(--jp-ui-font-size1);
  cursor: pointer;
}

.jp-nbledger-StatusItem button span {
  display: inline-flex;
}

.jp-nbledger-StatusItem button:hover {
  background: var(--jp-layout-color3);
}

.jp-nbledger-StatusItem button:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -2px;
}

.jp-nbledger-StatusItem button.jp-mod-problem {
  text-decoration: underline dotted var(--jp-warn-color0, var(--jp-warn-color1));
  text-underline-offset: 3px;
}
`,""]),o.d(r,{},{A:i})},3938(e,r,o){var n=o(1601),a=o.n(n),l=o(6314),i=(o.n(l))()(a());i.push([e.id,`/* The table of runs, in the sidebar and as a tab. */
.jp-nbledger-Runs {
  display: flex;
  flex-direction: column;
  position: relative;
  min-width: 200px;
  overflow: hidden;
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font-family: var(--jp-ui-font-family);
  font-size: var(--jp-ui-font-size1);
}

.jp-nbledger-Bar {
  display: flex;
  align-items: center;
  gap: 2px;
  flex: none;
  padding: 6px 6px 4px;
}

.jp-nbledger-Scope {
  display: flex;
  flex: 0 1 auto;
  min-width: 0;
  margin-right: auto;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  overflow: hidden;
}

.jp-nbledger-Scope button {
  flex: 0 1 auto;
  min-width: 0;
  height: 24px;
  padding: 0 7px;
  border: 0;
  border-right: 1px solid var(--jp-border-color1);
  background: var(--jp-layout-color1);
  color: var(--jp-ui-font-color1);
  font: inherit;
  cursor: pointer;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.jp-nbledger-Scope button:last-child {
  border-right: 0;
}

.jp-nbledger-Scope button:hover:not(:disabled) {
  background: var(--jp-layout-color2);
}

.jp-nbledger-Scope button[aria-checked='true'] {
  background: var(--jp-layout-color3);
}

.jp-nbledger-Scope button:disabled {
  color: var(--jp-ui-font-color3);
  cursor: default;
}

.jp-nbledger-Scope button:focus-visible,
.jp-nbledger-IconButton:focus-visible,
.jp-nbledger-Runs-header button:focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -2px;
}

.jp-nbledger-IconButton {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  flex: none;
  width: 22px;
  height: 24px;
  padding: 0;
  border: 0;
  border-radius: var(--jp-border-radius);
  background: transparent;
  cursor: pointer;
}

.jp-nbledger-IconButton span {
  display: inline-flex;
}

.jp-nbledger-IconButton:hover,
.jp-nbledger-IconButton[aria-expanded='true'] {
  background: var(--jp-layout-color2);
}

.jp-nbledger-Experiment {
  display: flex;
  align-items: center;
  gap: 8px;
  padding: 0 8px 4px;
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Experiment.jp-mod-more {
  flex-wrap: wrap;
  gap: 2px 8px;
}

.jp-nbledger-Experiment select,
.jp-nbledger-Experiment input {
  flex: 1 1 auto;
  box-sizing: border-box;
  min-width: 0;
  max-width: 28em;
  height: 24px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-input-background);
  color: var(--jp-ui-font-color1);
  font: inherit;
}

/* -- filter ------------------------------------------------------------------------------------------------------- */

.jp-nbledger-Filter {
  position: relative;
  flex: none;
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  padding: 0 4px 6px 6px;
}

.jp-nbledger-Filter-box {
  display: flex;
  flex: 1 1 120px;
  min-width: 0;
  margin-right: 2px;
  align-items: center;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-input-background);
}

.jp-nbledger-Filter-box:focus-within {
  border-color: var(--jp-input-active-border-color, var(--jp-brand-color1));
  box-shadow: inset 0 0 0 1px var(--jp-input-active-box-shadow-color, var(--jp-brand-color1));
}

.jp-nbledger-Filter-box.jp-mod-wrong {
  border-color: var(--jp-error-color1);
}

.jp-nbledger-Filter-box input {
  flex: 1 1 auto;
  min-width: 0;
  height: 26px;
  padding: 0 8px;
  border: 0;
  outline: 0;
  background: transparent;
  color: var(--jp-ui-font-color1);
  font: inherit;
}

.jp-nbledger-Filter-box input {
  text-overflow: ellipsis;
}

.jp-nbledger-Filter-box input::placeholder {
  color: var(--jp-ui-font-color2);
  opacity: 1;
}

.jp-nbledger-Filter-list {
  position: absolute;
  z-index: 20;
  top: 30px;
  left: 8px;
  right: 8px;
  max-width: 32em;
  max-height: 264px;
  overflow-y: auto;
  margin: 0;
  padding: 4px 0;
  list-style: none;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  box-shadow: var(--jp-elevation-z6);
}

.jp-nbledger-Filter-list[hidden] {
  display: none;
}

.jp-nbledger-Filter-list li {
  display: flex;
  gap: 12px;
  padding: 3px 10px;
  cursor: pointer;
}

.jp-nbledger-Filter-list li:hover {
  background: var(--jp-layout-color2);
}

.jp-nbledger-Filter-list li[aria-selected='true'] {
  background: var(--jp-brand-color1);
  color: var(--jp-ui-inverse-font-color1);
}

.jp-nbledger-Filter-label {
  flex: 1 1 auto;
  min-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.jp-nbledger-Filter-kind {
  flex: none;
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Filter-list li[aria-selected='true'] .jp-nbledger-Filter-kind {
  color: inherit;
}

.jp-nbledger-Filter-error {
  flex: 1 0 100%;
  box-sizing: border-box;
  margin: 4px 2px 0 0;
  padding: 4px 8px;
  border-left: 3px solid var(--jp-error-color1);
  background: var(--jp-layout-color2);
  line-height: 1.4;
  overflow-wrap: anywhere;
}

.jp-nbledger-Filter-error code {
  display: block;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.jp-nbledger-Filter-error mark {
  background: transparent;
  color: inherit;
  text-decoration: underline wavy var(--jp-error-color1);
  white-space: pre;
}

/* -- choosing columns --------------------------------------------------------------------------------------------- */

.jp-nbledger-Chooser {
  position: absolute;
  z-index: 30;
  top: 66px;
  right: 6px;
  display: flex;
  flex-direction: column;
  width: min(280px, calc(100% - 12px));
  max-height: min(480px, calc(100% - 80px));
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-layout-color1);
  box-shadow: var(--jp-elevation-z6);
}

.jp-nbledger-Chooser-search {
  flex: none;
  height: 28px;
  margin: 8px 8px 4px;
  padding: 0 8px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  background: var(--jp-input-background);
  color: var(--jp-ui-font-color1);
  font: inherit;
}

.jp-nbledger-Chooser-search:focus {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.jp-nbledger-Chooser-groups {
  flex: 1 1 auto;
  overflow-y: auto;
  padding: 0 8px;
}

.jp-nbledger-Chooser fieldset {
  margin: 4px 0 8px;
  padding: 0;
  border: 0;
  min-width: 0;
}

.jp-nbledger-Chooser legend {
  padding: 4px 0 2px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
  font-weight: 600;
  letter-spacing: 0.04em;
  text-transform: uppercase;
}

.jp-nbledger-Chooser label {
  display: flex;
  align-items: center;
  gap: 6px;
  height: 22px;
  border-radius: var(--jp-border-radius);
  cursor: pointer;
}

.jp-nbledger-Chooser label:hover {
  background: var(--jp-layout-color2);
}

.jp-nbledger-Chooser label span {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.jp-nbledger-Chooser input[type='checkbox'],
.jp-nbledger-Runs-check input {
  flex: none;
  width: 13px;
  height: 13px;
  margin: 0;
  accent-color: var(--jp-brand-color1);
}

.jp-nbledger-Chooser p {
  margin: 2px 0 8px;
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Chooser-foot {
  display: flex;
  flex: none;
  justify-content: space-between;
  padding: 8px;
  border-top: 1px solid var(--jp-border-color2);
}

/* -- rows --------------------------------------------------------------------------------------------------------- */

.jp-nbledger-Runs-scroller {
  flex: 1 1 auto;
  min-height: 0;
  overflow: auto;
  border-top: 1px solid var(--jp-border-color2);
  contain: strict;
}

.jp-nbledger-Runs-table {
  table-layout: fixed;
  border-collapse: separate;
  border-spacing: 0;
  outline: 0;
}

.jp-nbledger-Runs-table.jp-mod-old tbody {
  opacity: 0.6;
}

.jp-nbledger-Runs-table th,
.jp-nbledger-Runs-table td {
  box-sizing: border-box;
  height: 24px;
  padding: 0 8px;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
  text-align: left;
  font-weight: normal;
}

.jp-nbledger-Runs-table .jp-mod-number {
  text-align: right;
  font-variant-numeric: tabular-nums;
}

.jp-nbledger-Runs-table td[data-column='attributes.started_at'] {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Runs-table thead th {
  position: sticky;
  top: 0;
  z-index: 2;
  height: 26px;
  padding: 0;
  overflow: visible;
  background: var(--jp-layout-color1);
  border-bottom: 1px solid var(--jp-border-color2);
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Runs-table .jp-nbledger-Runs-check {
  padding: 0 0 0 6px;
  text-overflow: clip;
  line-height: 0;
}

.jp-nbledger-Runs-table .jp-nbledger-Runs-name {
  padding-left: 4px;
}

/* Only a table that goes on beyond the view keeps its first columns in sight: sticky cells cost at each frame of a scroll.
   \`:where\`, so that the ground of a selected row stays the stronger rule. */
.jp-nbledger-Runs-table:where(.jp-mod-wide) .jp-nbledger-Runs-check,
.jp-nbledger-Runs-table:where(.jp-mod-wide) .jp-nbledger-Runs-name {
  position: sticky;
  z-index: 1;
  background: var(--jp-layout-color1);
}

.jp-nbledger-Runs-table:where(.jp-mod-wide) .jp-nbledger-Runs-check {
  left: 0;
}

.jp-nbledger-Runs-table:where(.jp-mod-wide) .jp-nbledger-Runs-name {
  left: 22px;
}

.jp-nbledger-Runs-table:where(.jp-mod-wide) thead .jp-nbledger-Runs-check,
.jp-nbledger-Runs-table:where(.jp-mod-wide) thead .jp-nbledger-Runs-name {
  z-index: 3;
}

.jp-nbledger-Runs-header button {
  display: flex;
  align-items: center;
  gap: 3px;
  width: 100%;
  height: 25px;
  padding: 0 8px;
  border: 0;
  background: transparent;
  color: inherit;
  font: inherit;
  cursor: pointer;
}

.jp-nbledger-Runs-header.jp-nbledger-Runs-name button {
  padding-left: 0;
}

.jp-nbledger-Runs-header.jp-mod-number button {
  flex-direction: row-reverse;
}

.jp-nbledger-Runs-header button:hover {
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color2);
}

.jp-nbledger-Runs-header:not([aria-sort='none']) button {
  color: var(--jp-ui-font-color1);
  font-weight: 600;
}

.jp-nbledger-Runs-label {
  min-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
}

.jp-nbledger-Runs-edge {
  position: absolute;
  z-index: 4;
  top: 0;
  right: 0;
  width: 7px;
  height: 100%;
  cursor: col-resize;
  touch-action: none;
}

.jp-nbledger-Runs-edge::after {
  content: '';
  position: absolute;
  top: 6px;
  bottom: 6px;
  right: 0;
  width: 1px;
  background: var(--jp-border-color2);
}

.jp-nbledger-Runs-edge:hover::after {
  top: 0;
  bottom: 0;
  width: 2px;
  background: var(--jp-brand-color1);
}

.jp-nbledger-Runs-row {
  cursor: default;
}

.jp-nbledger-Runs-row:hover td,
.jp-nbledger-Runs-row:hover th {
  background: var(--jp-layout-color2);
}

.jp-nbledger-Runs-row.jp-mod-selected td,
.jp-nbledger-Runs-row.jp-mod-selected th {
  /* The theme's colour of a selection may be a transparent one: it lies on an opaque ground, as cells stand over others. */
  background: linear-gradient(var(--jp-notebook-multiselected-color), var(--jp-notebook-multiselected-color))
    var(--jp-layout-color1);
}

.jp-nbledger-Runs-table:focus-visible .jp-nbledger-Runs-row.jp-mod-active td,
.jp-nbledger-Runs-table:focus-visible .jp-nbledger-Runs-row.jp-mod-active th {
  box-shadow: inset 0 1px 0 var(--jp-brand-color1), inset 0 -1px 0 var(--jp-brand-color1);
}

.jp-nbledger-Runs-row .jp-nbledger-Runs-name > svg {
  vertical-align: middle;
}

.jp-nbledger-Runs-text {
  margin-left: 6px;
  vertical-align: middle;
  white-space: pre;
}

.jp-nbledger-Runs-placeholder {
  display: inline-block;
  width: 60%;
  height: 8px;
  border-radius: 4px;
  background: var(--jp-layout-color3);
}

.jp-nbledger-Status {
  flex: none;
}

.jp-nbledger-Status.jp-mod-finished {
  color: var(--jp-success-color1);
}

.jp-nbledger-Status.jp-mod-running {
  color: var(--jp-info-color1);
  animation: jp-nbledger-turn 1.2s linear infinite;
}

.jp-nbledger-Status.jp-mod-failed {
  color: var(--jp-error-color1);
}

.jp-nbledger-Status.jp-mod-cancelled {
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Status.jp-mod-interrupted {
  color: var(--jp-warn-color1);
}

@keyframes jp-nbledger-turn {
  to {
    transform: rotate(360deg);
  }
}

@media (prefers-reduced-motion: reduce) {
  .jp-nbledger-Status.jp-mod-running {
    animation: none;
  }
}

.jp-nbledger-Foot {
  display: flex;
  align-items: center;
  gap: 6px;
  flex: none;
  min-height: 32px;
  box-sizing: border-box;
  padding: 3px 8px;
  border-top: 1px solid var(--jp-border-color2);
  color: var(--jp-ui-font-color2);
}

.jp-nbledger-Foot-count {
  flex: 1 1 auto;
  min-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
  font-variant-numeric: tabular-nums;
}

.jp-nbledger-Runs .jp-nbledger-Problem {
  flex: 1 1 auto;
  overflow-y: auto;
}

.jp-nbledger-Runs .jp-nbledger-Problem.jp-mod-inline {
  flex: none;
}

.jp-nbledger-Runs .jp-nbledger-Problem .jp-nbledger-button {
  margin: 0 6px 6px 0;
}

/* Names over two lines, for who asked for it. */
.jp-nbledger-Runs-table.jp-mod-wrapped tbody th,
.jp-nbledger-Runs-table.jp-mod-wrapped tbody td {
  height: 40px;
}

.jp-nbledger-Runs-table.jp-mod-wrapped .jp-nbledger-Runs-text {
  display: inline-block;
  max-width: calc(100% - 20px);
  max-height: 36px;
  overflow: hidden;
  overflow-wrap: anywhere;
  white-space: normal;
  line-height: 1.3;
}
`,""]),o.d(r,{},{A:i})},6314(e){e.exports=function(e){var r=[];return r.toString=function(){return this.map(function(r){var o="",n=void 0!==r[5];return r[4]&&(o+="@supports (".concat(r[4],") {")),r[2]&&(o+="@media ".concat(r[2]," {")),n&&(o+="@layer".concat(r[5].length>0?" ".concat(r[5]):""," {")),o+=e(r),n&&(o+="}"),r[2]&&(o+="}"),r[4]&&(o+="}"),o}).join("")},r.i=function(e,o,n,a,l){"string"==typeof e&&(e=[[null,e,void 0]]);var i={};if(n)for(var t=0;t<this.length;t++){var p=this[t][0];null!=p&&(i[p]=!0)}for(var d=0;d<e.length;d++){var s=[].concat(e[d]);n&&i[s[0]]||(void 0!==l&&(void 0===s[5]||(s[1]="@layer".concat(s[5].length>0?" ".concat(s[5]):""," {").concat(s[1],"}")),s[5]=l),o&&(s[2]&&(s[1]="@media ".concat(s[2]," {").concat(s[1],"}")),s[2]=o),a&&(s[4]?(s[1]="@supports (".concat(s[4],") {").concat(s[1],"}"),s[4]=a):s[4]="".concat(a)),r.push(s))}},r}},1601(e){e.exports=function(e){return e[1]}},5072(e){var r=[];function o(e){for(var o=-1,n=0;n<r.length;n++)if(r[n].identifier===e){o=n;break}return o}function n(e,n){for(var a={},l=[],i=0;i<e.length;i++){var t=e[i],p=n.base?t[0]+n.base:t[0],d=a[p]||0,s="".concat(p," ").concat(d);a[p]=d+1;var c=o(s),b={css:t[1],media:t[2],sourceMap:t[3],supports:t[4],layer:t[5]};if(-1!==c)r[c].references++,r[c].updater(b);else{var g=function(e,r){var o=r.domAPI(r);return o.update(e),function(r){r?(r.css!==e.css||r.media!==e.media||r.sourceMap!==e.sourceMap||r.supports!==e.supports||r.layer!==e.layer)&&o.update(e=r):o.remove()}}(b,n);n.byIndex=i,r.splice(i,0,{identifier:s,updater:g,references:1})}l.push(s)}return l}e.exports=function(e,a){var l=n(e=e||[],a=a||{});return function(e){e=e||[];for(var i=0;i<l.length;i++){var t=o(l[i]);r[t].references--}for(var p=n(e,a),d=0;d<l.length;d++){var s=o(l[d]);0===r[s].references&&(r[s].updater(),r.splice(s,1))}l=p}}},7659(e){var r={};e.exports=function(e,o){var n=function(e){if(void 0===r[e]){var o=document.querySelector(e);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(e){o=null}r[e]=o}return r[e]}(e);if(!n)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");n.appendChild(o)}},540(e){e.exports=function(e){var r=document.createElement("style");return e.setAttributes(r,e.attributes),e.insert(r,e.options),r}},5056(e,r,o){e.exports=function(e){var r=o.nc;r&&e.setAttribute("nonce",r)}},7825(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var r=e.insertStyleElement(e);return{update:function(o){var n,a,l;n="",o.supports&&(n+="@supports (".concat(o.supports,") {")),o.media&&(n+="@media ".concat(o.media," {")),(a=void 0!==o.layer)&&(n+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),n+=o.css,a&&(n+="}"),o.media&&(n+="}"),o.supports&&(n+="}"),(l=o.sourceMap)&&"u">typeof btoa&&(n+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(l))))," */")),e.styleTagTransform(n,r,e.options)},remove:function(){var e;null===(e=r).parentNode||e.parentNode.removeChild(e)}}}},1113(e){e.exports=function(e,r){if(r.styleSheet)r.styleSheet.cssText=e;else{for(;r.firstChild;)r.removeChild(r.firstChild);r.appendChild(document.createTextNode(e))}}},8579(e,r,o){var n=o(5072),a=o.n(n),l=o(7825),i=o.n(l),t=o(7659),p=o.n(t),d=o(5056),s=o.n(d),c=o(540),b=o.n(c),g=o(1113),j=o.n(g),m=o(8475),u={};u.styleTagTransform=j(),u.setAttributes=s(),u.insert=p().bind(null,"head"),u.domAPI=i(),u.insertStyleElement=b(),a()(m.A,u),m.A&&m.A.locals&&m.A.locals}}]);