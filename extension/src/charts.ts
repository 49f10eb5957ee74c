/**
 * What is chosen in a chart of a notebook's view is chosen in all of that view: the chart tells the kernel.
 *
 * One message a choice, as the data of a comm that is opened and closed at once: there is no connection to keep, and a
 * kernel that was restarted since and knows the view no more does nothing.
 */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IChosen, watch } from './charts/chosen';

/** The comm target that the kernel's side listens at. */
const TARGET = 'nbledger.selection';

function tell(panel: NotebookPanel, message: IChosen): void {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel || !kernel.handleComms || kernel.status === 'dead') {
    return;
  }
  const comm = kernel.createComm(TARGET);
  comm.open({ ...message });
  comm.close();
}

/** Selecting in charts. */
const charts: JupyterFrontEndPlugin<void> = {
  id: 'nbledger:charts',
  description: 'Tells the kernel which runs were chosen in the charts of its views.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker) => {
    const follow = (panel: NotebookPanel): void => {
      const end = watch(panel.node, message => tell(panel, message));
      panel.disposed.connect(end);
    };
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
  }
};

export default charts;
