/**
 * The row under a cell's code: one button that says what the ledger knows of the cell's last run.
 *
 * It is one element of fixed height at the end of the cell's input, so that nothing moves when what it says changes. It
 * must not be a child of the cell itself: with windowing JupyterLab takes the input off the page, and takes what it then
 * finds first in the cell for the output that it left there. Nothing is written into the cell's model.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IStanding } from './standing';
import { badge } from './words';
import type { IBadge } from './words';

/** Milliseconds that a cell runs before its row says so: most cells are done by then. */
const SHOW_RUNNING_AFTER = 400;

export class Row {
  constructor(
    private readonly trans: TranslationBundle,
    onOpen: (row: Row) => void
  ) {
    this.node = element('div', 'jp-nbledger-cell-row');
    this.button = element('button', 'jp-nbledger-cell-badge') as HTMLButtonElement;
    this.button.type = 'button';
    this.button.setAttribute('aria-haspopup', 'dialog');
    this.button.setAttribute('aria-expanded', 'false');
    this.button.addEventListener('click', () => onOpen(this));
    this.node.append(this.button);
  }

  readonly node: HTMLElement;
  readonly button: HTMLButtonElement;

  /** Show how a cell stands, or keep the place free where that is not known yet; draws only what has changed. */
  show(standing: IStanding | undefined): void {
    this.button.hidden = standing === undefined;
    if (standing === undefined || standing === this.standing) {
      return;
    }
    this.standing = standing;
    const said = badge(standing, this.trans);
    const key = JSON.stringify(said);
    if (key !== this.key) {
      this.key = key;
      this.draw(said);
    }
  }

  /** The cell has been sent to the kernel, or is done. */
  set isRunning(value: boolean) {
    clearTimeout(this.timer);
    if (value) {
      this.timer = setTimeout(() => this.node.classList.add('jp-mod-running'), SHOW_RUNNING_AFTER);
    } else {
      this.node.classList.remove('jp-mod-running');
    }
  }

  set isOpen(value: boolean) {
    this.button.setAttribute('aria-expanded', String(value));
  }

  /** Put the row at the end of a cell's input; does nothing when it is there. */
  attach(input: HTMLElement): void {
    if (input.lastElementChild !== this.node) {
      input.classList.add('jp-mod-nbledger');
      input.append(this.node);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.node.parentElement?.classList.remove('jp-mod-nbledger');
    this.node.remove();
  }

  private draw(said: IBadge): void {
    const parts: HTMLElement[] = [element('span', 'jp-nbledger-cell-dot')];
    if (said.run) {
      parts.push(element('span', 'jp-nbledger-cell-run', said.run));
    }
    if (said.metric) {
      const metric = element('span', 'jp-nbledger-cell-metric', `${said.metric.name} `);
      metric.append(element('b', '', said.metric.value));
      if (said.metric.change) {
        const change = element('span', 'jp-nbledger-cell-change', said.metric.change);
        change.dataset.tendency = said.metric.tendency;
        change.dataset.way = said.metric.change.startsWith('+') ? 'up' : 'down';
        metric.append(' ', change);
      }
      parts.push(metric);
    }
    parts.push(element('span', 'jp-nbledger-cell-took', said.took), element('span', 'jp-nbledger-cell-at', said.at));
    for (const mark of said.marks.filter(mark => mark.kind !== 'earlier')) {
      const node = element('span', 'jp-nbledger-cell-mark', mark.word);
      node.dataset.kind = mark.kind;
      if (mark.reason) {
        node.append(element('span', 'jp-nbledger-cell-reason', `: ${mark.reason}`));
      }
      parts.push(node);
    }
    // The first mark is the gravest one: its colour is the dot's.
    this.button.dataset.kind = said.marks[0]?.kind ?? '';
    this.button.replaceChildren(...parts);
    this.button.setAttribute('aria-label', said.spoken);
    this.button.title = said.spoken.replace(/, /g, '\n');
  }

  private key = '';
  private standing: IStanding | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  node.textContent = text;
  return node;
}
