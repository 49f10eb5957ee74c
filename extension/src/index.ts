/** The plugins of nbledger, one for each part. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import cells from './cells/plugin';
import charts from './charts';
import common from './common/plugin';
import lastState from './laststate';
import main from './main/plugin';
import shell from './shell/plugin';
import sidebar from './sidebar/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  ...(common as JupyterFrontEndPlugin<unknown>[]),
  ...cells,
  charts as JupyterFrontEndPlugin<unknown>,
  lastState as JupyterFrontEndPlugin<unknown>,
  ...(main as JupyterFrontEndPlugin<unknown>[]),
  ...(sidebar as JupyterFrontEndPlugin<unknown>[]),
  ...(shell as JupyterFrontEndPlugin<unknown>[])
];

export default plugins;
