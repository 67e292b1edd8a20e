using Orleans.Raft.Core;

namespace Orleans.Raft.Storage.Clustering;

/// <content>Requests of silos and clients: commands through the leader's log, reads by ReadIndex.</content>
internal sealed partial class Voter
{
    /// <inheritdoc/>
    public Task<Answer> AskAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        AnswerAsync(Self, kind, body, cancellationToken);

    /// <inheritdoc/>
    public async Task<Answer> AnswerAsync(PeerIdentity peer, FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (kind is FrameKind.Birth)
        {
            return AnswerBirth(peer);
        }

        if (_published is not { } published || _trouble.Length > 0)
        {
            return new Answer(AnswerStatus.NotReady) { Text = Trouble };
        }

        var mode = kind is FrameKind.Read && body.Length > 0 ? (ReadMode)body.Span[0] : ReadMode.Leader;
        if (mode is ReadMode.Local or ReadMode.LocalAlone)
        {
            if (published.Applied == 0 || (mode is ReadMode.Local && !published.HasLeader))
            {
                return new Answer(AnswerStatus.NotReady) { Text = $"{Name} knows no leader, or has received nothing yet" };
            }

            return new Answer(AnswerStatus.Ok) { Body = TableState.EncodeView(published.Incarnation, _settings.Cluster, published.Applied, published.View) };
        }

        if (Interlocked.Increment(ref _requests) > MaxRequests)
        {
            Interlocked.Decrement(ref _requests);
            return new Answer(AnswerStatus.Busy) { Text = $"{MaxRequests} requests wait." };
        }

        try
        {
            var answered = new TaskCompletionSource<Answer>(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(Understand(peer, kind, body, mode, answered));
            if (_stopping.IsCancellationRequested)
            {
                return new Answer(AnswerStatus.NotReady) { Text = "the silo is stopping" };
            }

            return await answered.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _requests);
        }
    }

    /// <summary>Reads the request on the caller's thread, where errors are the caller's, and returns what the loop shall do.</summary>
    private Action Understand(PeerIdentity peer, FrameKind kind, ReadOnlyMemory<byte> body, ReadMode mode, TaskCompletionSource<Answer> answered)
    {
        switch (kind)
        {
            case FrameKind.Submit:
                var command = TableCommand.Decode(body);
                var isOwn = command.Kind is TableCommandKind.VoterStarted && command.Voter!.Store == peer.Store;
                if (!isOwn && command.Kind is TableCommandKind.VoterStarted or TableCommandKind.Alive)
                {
                    throw new TransportException($"{peer} may not submit {command.Kind}.");
                }

                if (command.Row is { } row && !TableMapping.IsReadable(row))
                {
                    throw new TransportException($"{peer} submits a row that is no silo's: '{row.Silo}'.");
                }

                return () => OnSubmit(body, answered);
            case FrameKind.Read:
                return () => OnRead(mode, answered);
            case FrameKind.Replace:
                var wish = VoterBinding.Decode(body);
                return () => OnReplace(wish, answered);
            case FrameKind.Alive:
                var report = AliveReport.Decode(body);
                return () => OnAlive(report, answered);
            default:
                throw new TransportException($"A request of kind {(int)kind} is not known here; upgrade this voter.");
        }
    }

    private Answer AnswerBirth(PeerIdentity peer)
    {
        var metadata = _store.Metadata;
        var published = _published;
        var bound = published?.View.Voters.Values.FirstOrDefault(voter => voter.Store == peer.Store);
        var isInGenesis = metadata is { Genesis.IsEmpty: false }
            && TableState.Decode(metadata.Genesis).View.Voters.Values.Any(voter => voter.Store == peer.Store);
        if (isInGenesis && published is not null)
        {
            // The others are about to start: a leader may be had sooner than by a timeout.
            Post(() => _campaignAt = _ticks + 2);
        }

        var news = new BirthNews
        {
            Store = _store.Identity.StoreId,
            ListHash = _settings.ListHash(),
            Incarnation = metadata?.Incarnation ?? Guid.Empty,
            Genesis = isInGenesis && published is not null ? metadata!.Genesis : default,
            Replica = bound?.Replica ?? ReplicaId.None,
            Starts = bound?.OpenCounter ?? 0,
            Voters = bound is null ? [] : [.. published!.View.Voters.Values],
        };
        return new Answer(AnswerStatus.Ok) { Body = news.Encode() };
    }

    private Answer NotLeader(RaftNode? node) => node is null
        ? new Answer(AnswerStatus.NotReady) { Text = Trouble }
        : new Answer(AnswerStatus.NotLeader) { Leader = NameOf(node.Leader) };

    private void OnSubmit(ReadOnlyMemory<byte> command, TaskCompletionSource<Answer> answered)
    {
        if (_node is not { Role: RaftRole.Leader } node)
        {
            answered.TrySetResult(NotLeader(_node));
            return;
        }

        var result = node.Propose(command, Now);
        if (result.IsAccepted)
        {
            _proposals[result.Id.Index] = new Proposal(result.Id.Term, answered);
        }
        else
        {
            answered.TrySetResult(new Answer(AnswerStatus.Busy) { Text = result.ToString() });
        }
    }

    /// <summary>Another term at that index: the proposal was overwritten, and nobody knows it (C5). The caller asks again, under its sequence.</summary>
    private void CompleteProposal(EntryId applied, TableOutcome outcome)
    {
        if (_proposals.Remove(applied.Index, out var proposal))
        {
            proposal.Answered.TrySetResult(proposal.Term == applied.Term
                ? new Answer(AnswerStatus.Ok) { Body = new Fields().Number(1, (int)outcome.Result).Number(2, outcome.Value).ToArray() }
                : NotLeader(_node));
        }
    }

    private void FailProposals()
    {
        foreach (var proposal in _proposals.Values)
        {
            proposal.Answered.TrySetResult(NotLeader(_node));
        }

        _proposals.Clear();
    }

    private void OnRead(ReadMode mode, TaskCompletionSource<Answer> answered)
    {
        if (_node is null || (mode is ReadMode.Leader && _node.Role is not RaftRole.Leader))
        {
            answered.TrySetResult(NotLeader(_node));
            return;
        }

        // All reads of one burst share a round; it is asked for when the burst is over.
        _openRound ??= new ReadRound(++_nextContext, _ticks);
        _openRound.Readers.Add(answered);
    }

    private void AskForOpenRound()
    {
        if (_openRound is not { } round)
        {
            return;
        }

        _openRound = null;
        var result = _node?.ReadIndex(round.Context, Now);
        if (result is { IsAccepted: true })
        {
            _reads.Add(round);
        }
        else
        {
            round.Complete(NotLeader(_node));
        }
    }

    private void OnReadState(ReadState state)
    {
        if (_reads.Find(round => round.Context == state.Context) is not { } round)
        {
            return;
        }

        if (state.IsRefused)
        {
            _reads.Remove(round);
            round.Complete(NotLeader(_node));
            return;
        }

        round.Index = state.Index;
        AnswerReads();
    }

    private void AnswerReads()
    {
        if (_reads.TrueForAll(round => round.Index > _state.Applied))
        {
            return;
        }

        var answer = new Answer(AnswerStatus.Ok) { Body = TableState.EncodeView(_state.Incarnation, _settings.Cluster, _state.Applied, WithReceivedTimes()) };
        foreach (var round in _reads.Where(round => round.Index <= _state.Applied))
        {
            round.Complete(answer);
        }

        _reads.RemoveAll(round => round.Index <= _state.Applied);
    }

    // A request or an answer between voters may have been lost; the caller asks again, under a new context.
    private void GiveUpOldReads()
    {
        foreach (var round in _reads.Where(round => _ticks - round.Tick > _settings.ElectionTicks).ToList())
        {
            _reads.Remove(round);
            round.Complete(new Answer(AnswerStatus.Busy) { Text = "no majority has confirmed the read in time" });
        }
    }

    private void OnAlive(AliveReport report, TaskCompletionSource<Answer> answered)
    {
        if (_node is not { Role: RaftRole.Leader })
        {
            answered.TrySetResult(NotLeader(_node));
            return;
        }

        if (_state.View.Rows.ContainsKey(report.Silo))
        {
            _hasNewAlive = true;
            _alive[report.Silo] = Math.Max(report.Time, _alive.GetValueOrDefault(report.Silo));
        }

        answered.TrySetResult(new Answer(AnswerStatus.Ok));
        LogAliveTimes();
    }

    /// <summary>One entry a period for all silos (B8); the first after a quiet period at once.</summary>
    private void LogAliveTimes()
    {
        if (!_hasNewAlive || _node is not { Role: RaftRole.Leader } node || (_aliveLogged is { } logged && Now - logged < _settings.AlivePeriod))
        {
            return;
        }

        // Who has left the table, or is in the log already, is forgotten: else a leader of many months would log all silos there ever were.
        foreach (var (silo, time) in _alive)
        {
            if (!_state.View.Rows.TryGetValue(silo, out var row) || row.AliveTime >= time)
            {
                _alive.Remove(silo);
            }
        }

        var reports = _alive.Select(static pair => new AliveReport(pair.Key, pair.Value));
        if (node.Propose(new TableCommand { Kind = TableCommandKind.Alive, Alive = [.. reports] }.Encode(), Now).IsAccepted)
        {
            _aliveLogged = Now;
            _hasNewAlive = false;
        }
    }

    private TableView WithReceivedTimes()
    {
        var rows = _state.View.Rows;
        foreach (var (silo, time) in _alive)
        {
            if (rows.TryGetValue(silo, out var row) && row.AliveTime < time)
            {
                rows = rows.SetItem(silo, row with { AliveTime = time });
            }
        }

        return _state.View with { Rows = rows };
    }

    private void FailRequests(string reason)
    {
        var answer = new Answer(AnswerStatus.NotReady) { Text = reason };
        foreach (var proposal in _proposals.Values)
        {
            proposal.Answered.TrySetResult(answer);
        }

        _proposals.Clear();
        foreach (var round in _openRound is null ? _reads : [.. _reads, _openRound])
        {
            round.Complete(answer);
        }

        _reads.Clear();
        _openRound = null;
    }

    /// <summary>A command in this leader's log that somebody waits for.</summary>
    private sealed record Proposal(long Term, TaskCompletionSource<Answer> Answered);

    /// <summary>Reads that one ReadIndex answers.</summary>
    private sealed class ReadRound(long context, long tick)
    {
        public long Context { get; } = context;

        public long Tick { get; } = tick;

        /// <summary>From which applied index on it can be answered.</summary>
        public long Index { get; set; } = long.MaxValue;

        public List<TaskCompletionSource<Answer>> Readers { get; } = [];

        public void Complete(Answer answer)
        {
            foreach (var reader in Readers)
            {
                reader.TrySetResult(answer);
            }
        }
    }
}
