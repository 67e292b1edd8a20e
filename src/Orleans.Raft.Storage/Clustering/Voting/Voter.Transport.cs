using System.Buffers;
using System.Collections.Concurrent;
using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <content>What comes from peers, and what goes to them.</content>
internal sealed partial class Voter
{
    private const int IncarnationBytes = 16;

    /// <inheritdoc/>
    public string? Admit(PeerIdentity peer)
    {
        var mine = Self.Incarnation;
        if (mine != Guid.Empty && peer.Incarnation != Guid.Empty && peer.Incarnation != mine)
        {
            return $"it belongs to group {peer.Incarnation}, this voter to {mine}; two clusters of one name were born. Keep one, empty the directories of the other.";
        }

        if (!peer.IsVoter)
        {
            return null;
        }

        if (peer.Store == _store.Identity.StoreId)
        {
            return $"it has this voter's own store {peer.Store:N}: the data directory was copied. Empty the copy.";
        }

        var recorded = _published?.View.Voters.Values.FirstOrDefault(voter => voter.Store == peer.Store)?.OpenCounter ?? 0;
        var seen = _latestOpenings.AddOrUpdate(peer.Store, peer.OpenCounter, (_, before) => Math.Max(before, peer.OpenCounter));
        return peer.OpenCounter < Math.Max(recorded, seen)
            ? $"store {peer.Store:N} was opened as number {Math.Max(recorded, seen)} before and comes as {peer.OpenCounter}: its directory was restored or copied."
            : null;
    }

    /// <inheritdoc/>
    public void OnRaft(PeerIdentity peer, ReadOnlyMemory<byte> body)
    {
        if (body.Length < IncarnationBytes)
        {
            throw new TransportException($"A message of the group has {body.Length} bytes.");
        }

        var incarnation = new Guid(body.Span[..IncarnationBytes], bigEndian: true);
        var message = RaftCodec.ReadPeerMessage(body[IncarnationBytes..]);
        if (incarnation != _published?.Incarnation || Volatile.Read(ref _queued) >= MaxQueued)
        {
            // Not for this group, or too much waits: lost, as on any network.
            return;
        }

        Interlocked.Increment(ref _queued);
        Post(() => OnPeerMessage(peer, message));
    }

    private void OnPeerMessage(PeerIdentity peer, Message message)
    {
        Interlocked.Decrement(ref _queued);
        if (_node is not { } node || message.To != node.Id || _state.IsRemoved(message.From))
        {
            return;
        }

        // Identity, not membership (A9): an unknown number may be one that was added while this replica was away; a known one must come from its store.
        if (!_state.View.Voters.TryGetValue(message.From.Value, out var bound))
        {
            _routes[message.From.Value] = peer.Silo;
        }
        else if (bound.Store != peer.Store)
        {
            return;
        }

        node.Step(message, Now);
    }

    private void Send(Message message)
    {
        var link = _links.Find(NameOf(message.To));
        var isBound = _state.View.Voters.TryGetValue(message.To.Value, out var bound);
        var sent = link?.Peer is { } peer && (!isBound || peer.Store == bound!.Store) && link.TrySendRaft(Encode(message));
        if (message.Type is MessageType.MsgSnap)
        {
            Post(() => _node?.ReportSnapshot(message.To, sent));
        }
        else if (!sent && message.Type is MessageType.MsgApp)
        {
            Post(() => _node?.ReportUnreachable(message.To));
        }
    }

    private ReadOnlyMemory<byte> Encode(Message message)
    {
        var output = new ArrayBufferWriter<byte>(256);
        _state.Incarnation.TryWriteBytes(output.GetSpan(IncarnationBytes), bigEndian: true, out _);
        output.Advance(IncarnationBytes);
        RaftCodec.Write(message, output);
        return output.WrittenMemory;
    }

    private string NameOf(ReplicaId replica) =>
        _state.View.Voters.TryGetValue(replica.Value, out var voter) ? voter.Name : _routes.GetValueOrDefault(replica.Value, "");

    private bool IsConnected(ReplicaId replica) => _links.Find(NameOf(replica))?.Peer is not null;

    /// <summary>Puts this start into the log, until it is there: the highest counter and the latest address of each voter are replicated.</summary>
    private void AnnounceStart()
    {
        if (_node is not { Leader.IsNone: false } node || _ticks - _lastAnnounced < 2 * _settings.HeartbeatTicks
            || !_state.View.Voters.TryGetValue(node.Id.Value, out var bound))
        {
            return;
        }

        var address = _settings.Voters.GetValueOrDefault(Name, bound.Address);
        if (bound.OpenCounter == _store.Identity.OpenCounter && bound.Address == address)
        {
            return;
        }

        _lastAnnounced = _ticks;
        var start = new TableCommand
        {
            Kind = TableCommandKind.VoterStarted,
            Voter = bound with { OpenCounter = _store.Identity.OpenCounter, Address = address },
            OwnSilo = _settings.OwnSilo,
        };
        if (node.Role is RaftRole.Leader)
        {
            node.Propose(start.Encode(), Now);
        }
        else if (_links.Find(NameOf(node.Leader)) is { } link)
        {
            _ = TellAsync(link, start.Encode());
        }
    }

    private async Task TellAsync(Link link, byte[] command)
    {
        using var deadline = new CancellationTokenSource(_settings.Tick * _settings.ElectionTicks, _time);
        try
        {
            await link.AskAsync(FrameKind.Submit, command, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TransportException or OperationCanceledException or WireFormatException)
        {
            // Told again by a later tick, until the log holds it.
        }
    }
}
