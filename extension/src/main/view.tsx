/** A tab of the main area: loads its view when first shown, follows the ledger, and says what keeps it from showing. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { JSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { useWatch } from '../common/hooks';
import { Problem } from '../common/message';
import { asFailure } from '../common/watch';
import type { IContext, IViewProps } from './context';

export type Kind = 'run' | 'compare' | 'lineage' | 'diff' | 'registry' | 'sweeps' | 'pipelines';

const views: Record<Kind, React.LazyExoticComponent<React.ComponentType<IViewProps>>> = {
  run: React.lazy(() => import('./run')),
  compare: React.lazy(() => import('./compare')),
  lineage: React.lazy(() => import('./lineage')),
  diff: React.lazy(() => import('./diff')),
  registry: React.lazy(() => import('./registry')),
  sweeps: React.lazy(() => import('./sweeps')),
  pipelines: React.lazy(() => import('./pipelines'))
};

/** `args` is what a reload of the page brings back; `kept` says that it changed. */
export class View extends ReactWidget {
  readonly kept = new Signal<this, void>(this);

  constructor(
    readonly kind: Kind,
    readonly path: string,
    public args: JSONObject,
    private readonly context: IContext
  ) {
    super();
    this.addClass('jp-nbledger-main');
    this.node.dataset.view = kind;
    this.node.tabIndex = -1;
  }

  /** A tab that was never in front since the page was loaded asks nothing of the server. */
  protected render(): JSX.Element | null {
    this.wasShown = this.wasShown || this.isVisible;
    if (!this.wasShown) {
      return null;
    }
    return <Frame view={this} context={this.context} isVisible={this.isVisible} />;
  }

  keep = (change: JSONObject): void => {
    this.args = { ...this.args, ...change };
    this.kept.emit();
    this.update();
  };

  entitle = (label: string, caption?: string): void => {
    this.title.label = label;
    this.title.caption = caption ?? label;
    if (this.args.label !== label) {
      this.args = { ...this.args, label };
      this.kept.emit();
    }
  };

  private wasShown = false;

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }
}

function Frame(props: { view: View; context: IContext; isVisible: boolean }): JSX.Element {
  const { view, context, isVisible } = props;
  const { trans } = context;
  const [watch] = React.useState(() => context.ledger.watch(view.path));
  React.useEffect(() => () => watch.dispose(), [watch]);
  const { about, error, version } = useWatch(watch);
  const seen = React.useRef(version);
  if (isVisible) {
    seen.current = version;
  }
  if (!about) {
    return error ? (
      <Problem trans={trans} error={error} onRetry={() => void watch.refresh()} />
    ) : (
      <Waiting label={trans.__('Loading...')} />
    );
  }
  if (about.state !== 'ok' || !about.may.read) {
    return <Problem trans={trans} about={about} onRetry={() => void watch.refresh()} />;
  }
  const Shown = views[view.kind];
  return (
    <>
      {error ? <Problem trans={trans} error={error} inline /> : null}
      <Guard context={context}>
        <React.Suspense fallback={<Waiting label={trans.__('Loading...')} />}>
          <Shown
            context={context}
            trans={trans}
            api={context.ledger.api(view.path)}
            path={view.path}
            about={about}
            args={view.args}
            keep={view.keep}
            entitle={view.entitle}
            version={seen.current}
            isVisible={isVisible}
          />
        </React.Suspense>
      </Guard>
    </>
  );
}

function Waiting(props: { label: string }): JSX.Element {
  return (
    <p className="jp-nbledger-main-nothing" role="status">
      {props.label}
    </p>
  );
}

/** A view whose code cannot be fetched, or that fails, says so in its tab alone. */
class Guard extends React.Component<{ context: IContext; children: React.ReactNode }, { error: unknown }> {
  state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  render(): React.ReactNode {
    const { context, children } = this.props;
    return this.state.error === null ? (
      children
    ) : (
      <Problem
        trans={context.trans}
        error={{ ...asFailure(this.state.error), remedy: context.trans.__('Close this tab and open it again.') }}
        onRetry={() => this.setState({ error: null })}
      />
    );
  }
}
