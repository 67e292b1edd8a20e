using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>
/// The table as silos and clients use it: finds a voter that answers, follows the leader, asks again under the same sequence until
/// the answer is sure or the caller's time is over.
/// </summary>
internal sealed class TableClient
{
    // Reads that did not find a leader as often are every other time asked of any voter.
    private const int LeaderAttempts = 4;
    private static readonly TimeSpan TryTime = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MaxPause = TimeSpan.FromMilliseconds(250);

    private readonly Func<IReadOnlyList<ITableServer>> _servers;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _opening = new(1);
    private readonly SortedSet<long> _unanswered = [];
    private long _session;
    private long _sequence;
    private Guid _incarnation;
    private volatile string _preferred = "";
    private volatile string _leader = "";

    /// <summary>Creates a client.</summary>
    /// <param name="servers">Voters to ask, the nearest first; asked for before each round.</param>
    /// <param name="time">For waits.</param>
    public TableClient(Func<IReadOnlyList<ITableServer>> servers, TimeProvider time)
    {
        _servers = servers;
        _time = time;
    }

    /// <summary>What went wrong last, for whoever waits and wants to say why.</summary>
    public string Trouble { get; private set; } = "";

    /// <summary>Reads the table.</summary>
    /// <param name="isLinearizable">False takes what a voter that knows a leader has applied, or, if there is none, any voter: for gateways.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TableState> ReadAsync(bool isLinearizable, CancellationToken cancellationToken)
    {
        var (answer, _) = await SendAsync(FrameKind.Read, attempt => Body(isLinearizable, attempt), isLinearizable, cancellationToken).ConfigureAwait(false);
        var table = TableState.Decode(answer.Body);
        lock (_lock)
        {
            if (_incarnation == Guid.Empty)
            {
                _incarnation = table.Incarnation;
            }

            return table.Incarnation == _incarnation
                ? table
                : throw new TableUnavailableException($"The clustering group is {table.Incarnation}; this process has worked with {_incarnation}: restart it.");
        }
    }

    /// <summary>Changes the table; applied once, however often it has to be sent.</summary>
    public async Task<TableResult> ChangeAsync(TableCommand command, CancellationToken cancellationToken)
    {
        for (var round = 0; ; round++)
        {
            var (session, sequence, lowWater) = await BeginAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var numbered = command with { Session = session, Sequence = sequence, LowWater = lowWater };
                var (answer, attempts) = await SendAsync(FrameKind.Submit, Always(numbered.Encode()), toLeader: true, cancellationToken).ConfigureAwait(false);
                var outcome = Outcome(answer);
                if (outcome.Result is not TableResult.Expired)
                {
                    return outcome.Result;
                }

                ForgetSession(session);
                if (attempts > 1 || round > 0)
                {
                    throw new TableUnavailableException($"Whether {command} was applied is unknown: its session {session} has expired. Read the table.");
                }
            }
            finally
            {
                End(sequence);
            }
        }
    }

    /// <summary>Tells the leader that a silo is alive.</summary>
    public Task ReportAliveAsync(AliveReport report, CancellationToken cancellationToken) =>
        SendAsync(FrameKind.Alive, Always(report.Encode()), toLeader: true, cancellationToken);

    /// <summary>Any request to the leader that needs no session.</summary>
    public async Task<Answer> AskLeaderAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        (await SendAsync(kind, Always(body), toLeader: true, cancellationToken).ConfigureAwait(false)).Answer;

    private static ReadOnlyMemory<byte> Body(bool isLinearizable, int attempt)
    {
        var isDesperate = attempt > LeaderAttempts && attempt % 2 == 0;
        var mode = isLinearizable ? (isDesperate ? ReadMode.Anyone : ReadMode.Leader) : isDesperate ? ReadMode.LocalAlone : ReadMode.Local;
        return new[] { (byte)mode };
    }

    private static TableOutcome Outcome(Answer answer)
    {
        var reader = new WireReader(answer.Body, "Outcome");
        var (result, value) = (TableResult.Expired, 0L);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    result = (TableResult)reader.Number((int)TableResult.Expired);
                    break;
                case 2:
                    value = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new TableOutcome(result, value);
    }

    private async Task<(long Session, long Sequence, long LowWater)> BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new TableUnavailableException($"The clustering group has not opened a session in time. Last: {Trouble}");
        }

        try
        {
            if (_session == 0)
            {
                var open = new TableCommand { Kind = TableCommandKind.OpenSession, Nonce = Guid.NewGuid() };
                var (answer, _) = await SendAsync(FrameKind.Submit, Always(open.Encode()), toLeader: true, cancellationToken).ConfigureAwait(false);
                lock (_lock)
                {
                    _session = Outcome(answer).Value;
                }
            }

            lock (_lock)
            {
                _unanswered.Add(++_sequence);
                return (_session, _sequence, _unanswered.Min);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private void End(long sequence)
    {
        lock (_lock)
        {
            _unanswered.Remove(sequence);
        }
    }

    private void ForgetSession(long session)
    {
        lock (_lock)
        {
            _session = _session == session ? 0 : _session;
        }
    }

    private static Func<int, ReadOnlyMemory<byte>> Always(ReadOnlyMemory<byte> body) => _ => body;

    private async Task<(Answer Answer, int Attempts)> SendAsync(
        FrameKind kind, Func<int, ReadOnlyMemory<byte>> body, bool toLeader, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            var server = Choose(toLeader, attempt);
            var answer = server is null
                ? new Answer(AnswerStatus.NotReady) { Text = "no voter is known" }
                : await TryAsync(server, kind, body(attempt), cancellationToken).ConfigureAwait(false);
            switch (answer.Status)
            {
                case AnswerStatus.Ok:
                    // Who was only good enough for want of better is not asked first the next time.
                    (_leader, _preferred) = toLeader ? (server!.Name, _preferred) : (_leader, attempt <= LeaderAttempts ? server!.Name : "");
                    return (answer, attempt);
                case AnswerStatus.Refused:
                    throw new TableUnavailableException($"Voter {server!.Name} refuses {kind}: {answer.Text}");
                case AnswerStatus.NotLeader when answer.Leader.Length > 0 && answer.Leader != _leader:
                    _leader = answer.Leader;
                    continue;
                case AnswerStatus.NotLeader or AnswerStatus.Busy:
                    break;
                default:
                    (_leader, _preferred) = ("", "");
                    break;
            }

            Trouble = $"{server?.Name}: {answer}";
            await PauseAsync(pause, kind, cancellationToken).ConfigureAwait(false);
            pause = pause * 1.5 < MaxPause ? pause * 1.5 : MaxPause;
        }
    }

    private async Task PauseAsync(TimeSpan pause, FrameKind kind, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new TableUnavailableException($"The clustering group has not answered {kind} in time. Last: {Trouble}");
        }
    }

    // The leader, or who answered last; else one after the other.
    private ITableServer? Choose(bool toLeader, int attempt)
    {
        var servers = _servers();
        var wanted = toLeader ? _leader : _preferred;
        return servers.Count == 0 ? null
            : servers.FirstOrDefault(server => server.Name == wanted) ?? servers[(attempt - 1) % servers.Count];
    }

    private async Task<Answer> TryAsync(ITableServer server, FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(TryTime, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await server.AskAsync(kind, body, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Answer(AnswerStatus.NotReady) { Text = $"no answer within {TryTime.TotalSeconds} s" };
        }
        catch (OperationCanceledException)
        {
            throw new TableUnavailableException($"The clustering group has not answered {kind} in time. Last: {Trouble}");
        }
        catch (Exception failure) when (failure is TransportException or WireFormatException)
        {
            return new Answer(AnswerStatus.NotReady) { Text = failure.Message };
        }
    }
}
