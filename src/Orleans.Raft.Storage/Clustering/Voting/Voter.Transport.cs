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

        if (_links.Find(peer.Silo)?.Peer is { } live && live.Store == peer.Store && live.OpenCounter < peer.OpenCounter)
        {
            // After a power cut this ends with the old connection, some seconds later; the newcomer asks again.
            return $"opening {live.OpenCounter} of store {peer.Store:N} still answers at its address, this is {peer.OpenCounter}: "
                + "its directory was copied, or it has only just ended.";
        }

        if (LatestOpening(peer) is var latest && latest.IsAheadOf(peer.OpenCounter, peer.Life))
        {
            return $"store {peer.Store:N} was opened as number {latest.OpenCounter} before and comes as {peer.OpenCounter}: its directory was restored or copied.";
        }

        _links.Find(peer.Silo)?.Hurry();
        return null;
    }

    /// <summary>What is in the log counts; what was only seen, while it is later. Who is refused by the log is not noted, so that it shuts out nobody.</summary>
    private VoterBinding LatestOpening(PeerIdentity peer)
    {
        var recorded = _published?.View.Voters.Values.FirstOrDefault(voter => voter.Store == peer.Store) ?? new VoterBinding();
        if (recorded.IsAheadOf(peer.OpenCounter, peer.Life))
        {
            return recorded;
        }

        var comes = new VoterBinding { Store = peer.Store, OpenCounter = peer.OpenCounter, Life = peer.Life };
        var seen = _latestOpenings.AddOrUpdate(peer.Store, comes, (_, before) => before.OpenCounter < comes.OpenCounter ? comes : before);
        return seen.OpenCounter > recorded.OpenCounter ? seen : recorded;
    }

    /// <inheritdoc/>
    public void OnRaft(PeerIdentity peer, ReadOnlyMemory<byte> body)
    {
        if (!peer.IsVoter)
        {
            throw new TransportException($"{peer} has no store, and sends a message of the group.");
        }

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
        if (message is { Type: MessageType.MsgPreVoteResp, Reject: false })
        {
            // Somebody else is about to win: its election is not crossed by this voter's turn.
            _seekFrom = _ticks + (2 * SeekTicks * _state.View.Voters.Count);
        }

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
            Voter = bound with { OpenCounter = _store.Identity.OpenCounter, Life = _store.Life, Address = address },
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
