import { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { place, Refused, Server } from './request';

const SECONDS = 1000;

/** The training log of a run, growing while the training runs. */
export class RunLog extends Widget {
  constructor(
    readonly run: string,
    private _server: Server,
    trans: TranslationBundle,
  ) {
    super();
    this.addClass('jp-GenlabLog');
    this._text.setAttribute('role', 'log');
    this._text.setAttribute('aria-label', trans.__('Training log of %1', run));
    this._text.tabIndex = 0;
    this._problem.setAttribute('role', 'alert');
    this.node.append(this._problem, this._text);
    this._poll = new Poll({
      name: `genlab-log-${run}`,
      auto: false,
      factory: () => this._read(),
      frequency: { interval: 1 * SECONDS, max: 30 * SECONDS },
      standby: () => (this.isVisible ? 'when-hidden' : true),
    });
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    void this._poll.start();
  }

  private async _read(): Promise<void> {
    try {
      const told = await this._server.get<{ text: string; offset: number; ended: boolean }>(
        place('runs', this.run, 'log'),
        { query: { offset: this._offset }, inBackground: true },
      );
      this._problem.textContent = '';
      this._offset = told.offset;
      if (told.text) {
        this._add(told.text);
        void this._poll.refresh(); // there may be more than one answer holds
      } else if (told.ended) {
        void this._poll.stop();
      }
    } catch (error) {
      this._problem.textContent = error instanceof Refused ? error.message : String(error);
      throw error;
    }
  }

  private _add(text: string): void {
    const atEnd = this._text.scrollTop + this._text.clientHeight >= this._text.scrollHeight - 8;
    this._text.append(text); // as text: a log is never markup
    if (atEnd) {
      this._text.scrollTop = this._text.scrollHeight;
    }
  }

  private _text = document.createElement('pre');
  private _problem = document.createElement('p');
  private _poll: Poll;
  private _offset = 0;
}
