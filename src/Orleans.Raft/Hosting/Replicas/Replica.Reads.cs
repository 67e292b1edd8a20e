using Orleans.Raft.Core;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Hosting;

/// <content>Linearizable reads: many share one round, and each waits until its index is applied.</content>
internal sealed partial class Replica
{
    // One round under way and one that gathers: what comes while a round runs shares the next.
    private const int MaxOpenRounds = 2;

    private void EnqueueRead(in PendingRead read)
    {
        if (_needsUpgrade is not null)
        {
            AnswerRead(read, RefusalKind.Gone, default);
            return;
        }

        if (Tasks.Reads.Count >= _settings.MaxReads)
        {
            AnswerRead(read, RefusalKind.Busy, default);
            return;
        }

        Tasks.Reads.Enqueue(read);
    }

    private void StartReadRound()
    {
        if (_tasks is not { Reads.Count: > 0, Rounds.Count: < MaxOpenRounds })
        {
            return;
        }

        var round = new ReadRound(_readContext++, _ticks);
        while (Tasks.Reads.TryDequeue(out var read))
        {
            round.Reads.Add(read);
        }

        // Its lease, if it has one, must hold now that the reads are here, not when the burst began (SAFETY-RULES A14).
        _now = _clock.Now;
        var result = _node.ReadIndex(round.Context, _now);
        if (result.IsAccepted)
        {
            Tasks.Rounds.Add(round.Context, round);
        }
        else
        {
            AnswerRound(round, RefusalKind.NotLeader);
        }
    }

    private void OnReadState(ReadState state)
    {
        if (!Tasks.Rounds.Remove(state.Context, out var round))
        {
            return;
        }

        if (state.IsRefused)
        {
            // The leadership that was to confirm it has ended: what is applied here says nothing of what was written since.
            AnswerRound(round, RefusalKind.NotLeader);
        }
        else if (state.Index <= _applied)
        {
            Query(round);
        }
        else
        {
            Tasks.ConfirmedRounds.Enqueue(round, state.Index);
        }
    }

    private void AnswerConfirmedRounds()
    {
        while (Tasks.ConfirmedRounds.TryPeek(out var round, out var index) && index <= _applied)
        {
            Tasks.ConfirmedRounds.Dequeue();
            Query(round);
        }
    }

    private void Query(ReadRound round)
    {
        foreach (var read in round.Reads)
        {
            var answer = JudgeAsync(read.Query);
            if (answer.IsCompletedSuccessfully)
            {
                AnswerRead(read, answer.Result.Kind, answer.Result.Answer);
            }
            else
            {
                _ = AnswerLaterAsync(read, answer);
            }
        }
    }

    // A query changes nothing, so its failure is the asker's alone.
    private async ValueTask<(RefusalKind Kind, ReadOnlyMemory<byte> Answer)> JudgeAsync(ReadOnlyMemory<byte> query)
    {
        try
        {
            return (RefusalKind.None, await _state.QueryAsync(query).ConfigureAwait(false));
        }
        catch (StateElsewhereException exception)
        {
            LogElsewhere(_logger, Group, Id, exception.Message);
            return (RefusalKind.Gone, default);
        }
        catch (Exception exception)
        {
            return (RefusalKind.Failed, System.Text.Encoding.UTF8.GetBytes(exception.Message));
        }
    }

    private async Task AnswerLaterAsync(PendingRead read, ValueTask<(RefusalKind Kind, ReadOnlyMemory<byte> Answer)> answer)
    {
        var (kind, bytes) = await answer.ConfigureAwait(false);
        Post(new ReplicaWork(ReplicaWorkKind.Action, Payload: (Action)(() => AnswerRead(read, kind, bytes))));
    }

    private void GiveUpReadRounds()
    {
        if (_tasks is not { Rounds.Count: > 0 })
        {
            return;
        }

        foreach (var round in Tasks.Rounds.Values.Where(round => _ticks - round.StartTick >= _settings.ReadPatienceTicks).ToArray())
        {
            Tasks.Rounds.Remove(round.Context);
            AnswerRound(round, RefusalKind.NotLeader);
        }
    }

    private void AnswerRound(ReadRound round, RefusalKind kind)
    {
        foreach (var read in round.Reads)
        {
            AnswerRead(read, kind, default);
        }
    }

    private void AnswerRead(in PendingRead read, RefusalKind kind, ReadOnlyMemory<byte> answer)
    {
        if (read.Silo is null)
        {
            _client.OnReadAnswer(read.Request, Id, kind, _soft.Leader, _softTerm, answer);
            return;
        }

        var body = ClientCodec.Encode(new QueryAnswerBody(read.Request, (int)kind, _soft.Leader, _softTerm, answer));
        _outlet.TrySend(read.Silo, LaneFrame.Of(Addresses(ReplicaId.None, read.AskerLife), LaneItemKind.ReadAnswer, body));
    }

    private void RefuseReads(RefusalKind kind)
    {
        while (Tasks.Reads.TryDequeue(out var read))
        {
            AnswerRead(read, kind, default);
        }

        foreach (var round in Tasks.Rounds.Values)
        {
            AnswerRound(round, kind);
        }

        Tasks.Rounds.Clear();
        while (Tasks.ConfirmedRounds.TryDequeue(out var round, out _))
        {
            AnswerRound(round, kind);
        }
    }
}
