/** The icon of nbledger in tabs, the launcher and the activity bar: a ledger with a line for each run. */
import { LabIcon } from '@jupyterlab/ui-components';

const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <path class="jp-icon3" fill="#616161" d="M6 2h12a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zm0 2v16h2V4H6zm4 0v16h8V4h-8zm1.5 3h5v1.6h-5V7zm0 4h5v1.6h-5V11zm0 4h3v1.6h-3V15z"/>
</svg>`;

export const ledgerIcon = new LabIcon({ name: 'nbledger:ledger', svgstr });
