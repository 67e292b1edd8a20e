using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>
/// The lane of snapshots: one part on its way at a time, beside the numbered batches. It goes without a number (0), so nothing waits for it, and one that
/// is late breaks no session; its transfer sends it again.
/// </content>
internal sealed partial class LaneSender
{
    private bool TryQueuePart_NeedsGate(in LaneFrame frame)
    {
        if (_partBytes > 0 && _partBytes + frame.Size > _settings.PartWindowBytes)
        {
            return false;
        }

        _partBytes += frame.Size;
        _parts.Enqueue(frame);
        return true;
    }

    private bool TryTakePart(out SentPart part)
    {
        lock (_gate)
        {
            part = null!;
            while (!_peerLife.IsDefault && _sentPart is null && _parts.TryDequeue(out var frame))
            {
                _partBytes -= frame.Size;
                if (frame.IsForAnotherLifeThan(_peerLife))
                {
                    Drop_NeedsGate(DropReason.OtherLife);
                    continue;
                }

                var header = _settings.Header with { ToStore = _peerLife.StoreId, ToOpenCounter = _peerLife.OpenCounter, Session = _session, Sequence = 0 };
                part = _sentPart = new SentPart(header, frame.Item, frame.Size, _clock.Now);
            }

            return part is not null;
        }
    }

    private async Task SendPartAsync(SentPart part)
    {
        LaneAck? ack = null;
        try
        {
            var bytes = LaneCodec.Encode(part.Header, [part.Item]);
            _settings.Metrics.BatchSent(_peer, 1, bytes.Length);
            ack = await _transport.SendAsync(_peer, bytes);
        }
        catch (Exception exception)
        {
            // It may be lost: its transfer sends it again. Whether the peer lives is the other lane's to find out.
            _events.SendFailed(_peer, exception);
        }

        lock (_gate)
        {
            if (_sentPart != part)
            {
                return;
            }

            _sentPart = null;
            if (ack is null)
            {
                Drop_NeedsGate(DropReason.LaneBroken);
            }

            if (_parts.Count > 0)
            {
                PostFlush_NeedsGate();
            }
        }
    }

    private void ForgetOverduePart_NeedsGate(TimeSpan now)
    {
        if (_sentPart is { } part && now - part.SentAt > DeadlineFor(part.Bytes) * 2)
        {
            Drop_NeedsGate(DropReason.LaneBroken);
            _sentPart = null;
            PostFlush_NeedsGate();
        }
    }

    private void ClearParts_NeedsGate()
    {
        _parts.Clear();
        _partBytes = 0;
        _sentPart = null;
    }

    private sealed record SentPart(LaneHeader Header, LaneItem Item, long Bytes, TimeSpan SentAt);
}
