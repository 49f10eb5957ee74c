/** The item in the status bar: how many runs the current ledger holds, or what is the matter with it. */
import * as React from 'react';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { count } from '../common/format';
import { ledgerIcon } from '../common/icon';
import type { ILedgerClient, IWatch } from '../common/ledger';
import { problemOf } from '../common/message';

/** Milliseconds between two counts, however fast the ledger grows. */
const PACE = 2000;

export class LedgerStatus extends ReactWidget {
  constructor(
    private readonly ledgers: ILedgerClient,
    private readonly trans: TranslationBundle,
    private readonly onClick: () => void
  ) {
    super();
    this.addClass('jp-nbledger-StatusItem');
    this.watch = this.look();
    ledgers.currentChanged.connect(this.onCurrent, this);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.ledgers.currentChanged.disconnect(this.onCurrent, this);
      window.clearTimeout(this.timer);
      this.watch.dispose();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { trans, watch } = this;
    const problem = problemOf(trans, watch.about, watch.error);
    const runs = watch.about?.runs ?? 0;
    const text = problem
      ? short(trans, problem.kind)
      : watch.about
        ? trans._n('%1 run', '%1 runs', runs).replace(String(runs), count(runs))
        : '…';
    const title = problem
      ? [problem.title, problem.message, problem.remedy].filter(Boolean).join('\n')
      : trans.__('Runs in the ledger of this place; click to show them');
    return (
      <button
        className={problem && problem.kind !== 'none' ? 'jp-mod-problem' : undefined}
        title={title}
        aria-label={trans.__('Ledger: %1', text)}
        onClick={this.onClick}
      >
        <ledgerIcon.react tag="span" width="14px" />
        <span>{text}</span>
      </button>
    );
  }

  private look(): IWatch {
    const watch = this.ledgers.watch(this.ledgers.current.path);
    watch.changed.connect((_, change) => {
      this.update();
      if (change === 'data' && this.timer === undefined) {
        this.timer = window.setTimeout(() => {
          this.timer = undefined;
          void this.watch.refresh().then(() => this.update());
        }, PACE);
      }
    });
    return watch;
  }

  private onCurrent(): void {
    this.watch.dispose();
    this.watch = this.look();
    this.update();
  }

  private watch: IWatch;
  private timer: number | undefined;
}

function short(trans: TranslationBundle, kind: string): string {
  switch (kind) {
    case 'none':
      return trans.__('no ledger');
    case 'older':
      return trans.__('older ledger');
    case 'newer':
      return trans.__('newer ledger');
    case 'locked':
      return trans.__('ledger locked');
    case 'corrupt':
      return trans.__('ledger damaged');
    case 'unreadable':
      return trans.__('ledger not readable');
    case 'lost':
      return trans.__('no connection');
    case 'forbidden':
      return trans.__('no rights');
    default:
      return trans.__('no answer');
  }
}
