using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Reads: on the silo's own replica first, on the leader when that does not answer soon (SAFETY-RULES B7).</content>
internal sealed partial class GroupClient
{
    /// <summary>Answers a query from a state that holds every write acknowledged before the call.</summary>
    public Task<ReadOnlyMemory<byte>> ReadAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken) =>
        ReadAsync(query, isElsewhere: false, cancellationToken);

    /// <summary>Answers a query; by choice not on this silo's own replica, which lacks something that others have.</summary>
    public Task<ReadOnlyMemory<byte>> ReadAsync(ReadOnlyMemory<byte> query, bool isElsewhere, CancellationToken cancellationToken)
    {
        var read = new OpenRead(query, _clock.Now + _settings.Budget);
        if (isElsewhere)
        {
            read.Lost.Add(_routes.Local);
        }

        return AnswerAsync(read, cancellationToken);
    }

    /// <summary>Answers a query on one replica, or, with none named, on any, and says which.</summary>
    /// <exception cref="RaftException">That replica can't answer it, which no other one is asked for.</exception>
    public async Task<ReplicaAnswer> ReadOnAsync(ReadOnlyMemory<byte> query, ReplicaId replica, CancellationToken cancellationToken)
    {
        var read = new OpenRead(query, _clock.Now + _settings.Budget) { Only = replica };
        var answer = await AnswerAsync(read, cancellationToken);
        return new ReplicaAnswer(read.By, answer);
    }

    private async Task<ReadOnlyMemory<byte>> AnswerAsync(OpenRead read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            RefuseIfHopeless_NeedsGate();
            if (_openReads.Count >= _settings.MaxWaiting)
            {
                throw new RaftBusyException($"{_group}: {_openReads.Count} reads of this silo wait already; the limit is {_settings.MaxWaiting}. Try later.");
            }

            read.Request = _nextRead++;
            _openReads.Add(read.Request, read);
            _waitingReads.Enqueue(read);
            _routes.NeedTicks();
            PostFlush_NeedsGate();
        }

        try
        {
            return await read.Answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                _openReads.Remove(read.Request);
            }
        }
    }

    /// <inheritdoc/>
    public void OnReadAnswer(
        long request, ReplicaId by, RefusalKind kind, ReplicaId leader, long term, ReadOnlyMemory<byte> answer)
    {
        lock (_gate)
        {
            if (!leader.IsNone && (kind == RefusalKind.None || leader != by))
            {
                Believe_NeedsGate(leader, term);
            }
            else if (kind is RefusalKind.Gone or RefusalKind.NotLeader && _leader == by)
            {
                // A replica that refuses does not lead, whatever it believed when it stopped.
                ForgetLeader_NeedsGate();
            }

            if (!_openReads.TryGetValue(request, out var read))
            {
                return;
            }

            switch (kind)
            {
                case RefusalKind.None:
                    _openReads.Remove(request);
                    Ended(read, "done");
                    read.By = by;
                    read.Answer.TrySetResult(answer);
                    break;
                case RefusalKind.Failed:
                    _openReads.Remove(request);
                    Ended(read, "failed");
                    read.Answer.TrySetException(new RaftException($"{_group}: the state machine failed on the query: {System.Text.Encoding.UTF8.GetString(answer.Span)}"));
                    break;
                case RefusalKind.Gone when read.Only == by && !by.IsNone:
                    _openReads.Remove(request);
                    Ended(read, "failed");
                    read.Answer.TrySetException(new RaftException($"{_group}: replica {by} can't answer this query any more, and no other can."));
                    break;
                default:
                    if (read.To == by)
                    {
                        read.AvoidsLocal |= by == _routes.Local;
                        if (kind == RefusalKind.Gone)
                        {
                            read.Lost.Add(by);
                        }

                        read.SendAgainAt = _clock.Now + _settings.RetryAfter;
                    }

                    break;
            }
        }
    }

    private void Ended(OpenRead read, string outcome) =>
        _settings.Metrics.Read(_group.Name, outcome, _clock.Now - read.Deadline + _settings.Budget);

    private void FlushReads_NeedsGate()
    {
        for (var count = _waitingReads.Count; count > 0; count--)
        {
            var read = _waitingReads.Dequeue();
            if (_openReads.ContainsKey(read.Request))
            {
                SendRead_NeedsGate(read);
            }
        }
    }

    private void SendRead_NeedsGate(OpenRead read)
    {
        var useLocal = read.Only.IsNone && _routes.ReadsLocally && !read.AvoidsLocal && !read.Lost.Contains(_routes.Local);
        read.To = useLocal ? _routes.Local : read.Only.IsNone ? Target_NeedsGate() : read.Only;
        if (read.Only.IsNone && read.Lost.Contains(read.To))
        {
            read.To = NextOther_NeedsGate(read);
        }

        // The own replica gets a short time, since it may lag; the leader gets longer.
        read.SendAgainAt = _clock.Now + (useLocal ? _settings.LocalPatience : _settings.ResendAfter);
        read.AvoidsLocal = useLocal;
        if (!_routes.TrySend(read.To, LaneItemKind.Read, read.Request, read.Query))
        {
            read.SendAgainAt = _clock.Now + _settings.RetryAfter;
        }
    }

    // A replica that does not lead answers linearizable reads as well: it asks the leader for the index.
    private ReplicaId NextOther_NeedsGate(OpenRead read)
    {
        var others = _routes.Replicas.Where(replica => !read.Lost.Contains(replica)).ToArray();
        if (others.Length > 0)
        {
            return others[_nextGuess++ % others.Length];
        }

        // All were asked in vain; what was so then may be otherwise now.
        read.Lost.Clear();
        return _routes.Replicas[_nextGuess++ % _routes.Replicas.Count];
    }

    private void OnReadTick_NeedsGate(TimeSpan now)
    {
        List<OpenRead>? overdue = null;
        foreach (var read in _openReads.Values)
        {
            if (now >= read.Deadline || now >= read.SendAgainAt)
            {
                (overdue ??= []).Add(read);
            }
        }

        foreach (var read in overdue ?? [])
        {
            if (now >= read.Deadline)
            {
                _openReads.Remove(read.Request);
                Ended(read, "unavailable");
                read.Answer.TrySetException(new RaftUnavailableException(
                    $"{_group}: no replica could answer the read within {_settings.Budget}. Is a majority of the group's silos running? {DescribeTarget_NeedsGate()}"));
            }
            else
            {
                read.SendAgainAt = TimeSpan.MaxValue;
                _waitingReads.Enqueue(read);
            }
        }
    }

    private void RetryReads_NeedsGate(ReplicaId refusedBy)
    {
        foreach (var read in _openReads.Values)
        {
            if (read.To == refusedBy && read.SendAgainAt != TimeSpan.MaxValue)
            {
                read.AvoidsLocal |= refusedBy == _routes.Local;
                read.SendAgainAt = _clock.Now + _settings.RetryAfter;
            }
        }
    }

    // A new leader is known: what waited for one goes on at once.
    private void MoveReads_NeedsGate()
    {
        foreach (var read in _openReads.Values)
        {
            if (read.Only.IsNone && read.SendAgainAt != TimeSpan.MaxValue && read.To != _leader && read.To != _routes.Local)
            {
                read.SendAgainAt = TimeSpan.MaxValue;
                _waitingReads.Enqueue(read);
            }
        }
    }

    private sealed class OpenRead(ReadOnlyMemory<byte> query, TimeSpan deadline)
    {
        public ReadOnlyMemory<byte> Query { get; } = query;

        public TimeSpan Deadline { get; } = deadline;

        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Request { get; set; }

        /// <summary>The one that can answer it; none where all can.</summary>
        public ReplicaId Only { get; init; }

        /// <summary>Who has answered it.</summary>
        public ReplicaId By { get; set; }

        /// <summary>Whom it was last sent to.</summary>
        public ReplicaId To { get; set; }

        /// <summary>True when the next try goes to the leader rather than to the silo's own replica.</summary>
        public bool AvoidsLocal { get; set; }

        /// <summary>Replicas that can't answer it, even where they lead.</summary>
        public HashSet<ReplicaId> Lost { get; } = [];

        public TimeSpan SendAgainAt { get; set; } = TimeSpan.MaxValue;
    }
}
