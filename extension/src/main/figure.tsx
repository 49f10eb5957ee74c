/** A figure that the server drew as plotly JSON, shown by the renderer that Lab has for it. */
import { MimeModel } from '@jupyterlab/rendermime';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { PartialJSONObject } from '@lumino/coreutils';
import React from 'react';

import type { IFigure } from '../api';
import type { IContext } from './context';

export const PLOTLY = 'application/vnd.plotly.v1+json';

export function Figure(props: { figure: IFigure; context: IContext; isVisible: boolean }): JSX.Element {
  const { figure, context, isVisible } = props;
  const { trans } = context;
  const place = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const key = React.useMemo(() => JSON.stringify(figure.figure), [figure]);
  const canDraw = context.rendermime.mimeTypes.includes(PLOTLY);
  // A hidden figure would be drawn with no width; it is drawn when its tab first comes to the front.
  const [wasSeen, setSeen] = React.useState(isVisible);
  React.useEffect(() => {
    if (isVisible) {
      setSeen(true);
    }
  }, [isVisible]);

  React.useEffect(() => {
    const host = place.current;
    if (!host || !canDraw || !wasSeen) {
      return;
    }
    // Plotly's renderer draws once: what has changed is drawn by a renderer of its own.
    const renderer = context.rendermime.createRenderer(PLOTLY);
    const data = { [PLOTLY]: JSON.parse(key) } as PartialJSONObject;
    Widget.attach(renderer, host);
    void renderer.renderModel(new MimeModel({ data, trusted: true }));
    const watch = new ResizeObserver(() => {
      if (renderer.isAttached && host.clientWidth > 0) {
        MessageLoop.sendMessage(renderer, Widget.ResizeMessage.UnknownSize);
      }
    });
    watch.observe(host);
    return () => {
      watch.disconnect();
      if (renderer.isAttached) {
        Widget.detach(renderer);
      }
      renderer.dispose();
    };
  }, [key, canDraw, wasSeen]);

  return (
    <figure className="jp-nbledger-main-figure" aria-describedby={id}>
      {canDraw ? (
        <div ref={place} className="jp-nbledger-main-figure-place" style={{ minHeight: heightOf(figure) }} />
      ) : (
        <p className="jp-nbledger-main-nothing">
          {trans.__('Figures are drawn by plotly’s JupyterLab extension, which this server has not got: pip install plotly.')}
        </p>
      )}
      <figcaption id={id}>{figure.description}</figcaption>
    </figure>
  );
}

/** The room that a figure takes, kept while it is drawn. */
function heightOf(figure: IFigure): number {
  const { height } = figure.figure.layout;
  return typeof height === 'number' ? height : 380;
}
