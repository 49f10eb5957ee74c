/**
 * A view's static form follows what one does in its widget, also after the page was reloaded.
 *
 * JupyterLab knows an output's display id for as long as the page lives in which its cell ran. A static form has that id
 * in its metadata, so that what the kernel writes later still finds it, in a notebook that was loaded as well.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { IDisplayData } from '@jupyterlab/nbformat';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';
import { JSONExt } from '@lumino/coreutils';
import { isFirst, outdated } from './laststate/outdated';

/**
 * Milliseconds until it is written in a notebook that several people have open: whoever ran the cell writes it as well,
 * and it is left alone once that has come.
 */
const OTHERS_FIRST = 700;

/** Follow one notebook's kernel. */
function follow(panel: NotebookPanel): void {
  const waiting = new Map<string, KernelMessage.IUpdateDisplayDataMsg['content']>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const write = (): void => {
    const { model } = panel.context;
    waiting.forEach((content, id) => {
      for (const cell of model && !panel.isDisposed ? model.cells : []) {
        if (cell.type === 'code') {
          const { outputs } = cell as ICodeCellModel;
          const output = { output_type: 'display_data', data: content.data, metadata: content.metadata };
          outdated(outputs, id, content.data).forEach(at => outputs.set(at, output as IDisplayData));
        }
      }
    });
    waiting.clear();
    timer = undefined;
  };
  const onMessage = (_: unknown, message: KernelMessage.IMessage): void => {
    if (message.header.msg_type !== 'update_display_data') {
      return;
    }
    const { content } = message as KernelMessage.IUpdateDisplayDataMsg;
    const id = content.transient.display_id;
    if (!id || !JSONExt.isObject(content.metadata.nbledger ?? null)) {
      return;
    }
    waiting.set(id, content);
    if (!panel.context.model.collaborative) {
      write();
    } else if (timer === undefined) {
      timer = setTimeout(() => (isMine(panel.context.model) ? write() : forget()), OTHERS_FIRST);
    }
  };
  const forget = (): void => {
    waiting.clear();
    timer = undefined;
  };
  panel.sessionContext.iopubMessage.connect(onMessage);
  panel.disposed.connect(() => {
    clearTimeout(timer);
    panel.sessionContext.iopubMessage.disconnect(onMessage);
  });
}

/** The pages that share a notebook. */
interface IPages {
  clientID: number;
  getStates(): Map<number, unknown>;
}

/** Whether this page is the one of those that share a notebook to write what none of them knows. */
function isMine(model: INotebookModel): boolean {
  const { awareness } = model.sharedModel as unknown as { awareness?: IPages };
  return !awareness || isFirst(awareness.clientID, [...awareness.getStates().keys()]);
}

/** Static forms follow their widgets. */
const lastState: JupyterFrontEndPlugin<void> = {
  id: 'nbledger:last-state',
  description: 'Keeps the static form of a view in the state of its widget after the page was reloaded.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker) => {
    notebooks.forEach(follow);
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
  }
};

export default lastState;
