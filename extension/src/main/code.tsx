/** Code as text: highlighted by Lab's own renderer of markdown, and a unified diff as a table. */
import { MimeModel } from '@jupyterlab/rendermime';
import React from 'react';

import type { IContext } from './context';
import { Scrolls } from './parts';
import { lines } from './unified';

/** A fence of backticks that the code does not hold. */
export function fenced(code: string): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map(run => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}python\n${code}\n${fence}`;
}

/** Python code; plain until it is highlighted, and where no renderer is there. */
export function Code(props: { code: string; context: IContext; label: string }): JSX.Element {
  const { code, context, label } = props;
  const place = React.useRef<HTMLDivElement>(null);
  const [isPlain, setPlain] = React.useState(true);
  React.useEffect(() => {
    setPlain(true);
    if (!context.rendermime.preferredMimeType({ 'text/markdown': '' }) || code.length > 200_000) {
      return;
    }
    const renderer = context.rendermime.createRenderer('text/markdown');
    let isCurrent = true;
    const model = new MimeModel({ data: { 'text/markdown': fenced(code) } });
    renderer.renderModel(model).then(
      () => {
        const pre = renderer.node.querySelector('pre');
        if (isCurrent && pre && place.current) {
          place.current.replaceChildren(pre);
          setPlain(false);
        }
      },
      () => undefined
    );
    return () => {
      isCurrent = false;
      renderer.dispose();
    };
  }, [code, context]);
  return (
    <Scrolls label={label} className="jp-nbledger-main-code">
      {isPlain ? <pre>{code}</pre> : null}
      <div ref={place} className="jp-RenderedHTMLCommon jp-nbledger-main-code-lines" hidden={isPlain} />
    </Scrolls>
  );
}

/** A unified diff: removed and added lines carry a sign, so that the colour alone need not tell them. */
export function DiffTable(props: { unified: string; label: string; context: IContext }): JSX.Element {
  const { trans } = props.context;
  const rows = React.useMemo(() => lines(props.unified), [props.unified]);
  const sign = { same: '', removed: '−', added: '+', gap: '' };
  const word = { same: '', removed: trans.__('removed'), added: trans.__('added'), gap: '' };
  return (
    <Scrolls label={props.label} className="jp-nbledger-main-code">
      <table className="jp-nbledger-main-diff">
        <thead className="jp-nbledger-main-unseen">
          <tr>
            <th scope="col">{trans.__('Line before')}</th>
            <th scope="col">{trans.__('Line after')}</th>
            <th scope="col">{trans.__('Change')}</th>
            <th scope="col">{trans.__('Code')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place} className={`jp-nbledger-main-diff-${row.kind}`}>
              <td className="jp-nbledger-main-diff-number">{row.kind === 'gap' ? '⋯' : row.before}</td>
              <td className="jp-nbledger-main-diff-number">{row.after}</td>
              <td className="jp-nbledger-main-diff-sign">
                <span aria-hidden="true">{sign[row.kind]}</span>
                <span className="jp-nbledger-main-unseen">{word[row.kind]}</span>
              </td>
              <td className="jp-nbledger-main-diff-code">{row.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
