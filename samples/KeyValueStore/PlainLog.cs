namespace KeyValueStore;

/// <summary>
/// What a user of the terminal must know, one line each and without stack traces. While the program starts, what is said is kept as the reason to wait, and a start that fails is told
/// by whoever started; while it ends, silos lose each other, as they must, and nothing is said.
/// </summary>
internal sealed class PlainLog(TextWriter output, TimeProvider time) : ILoggerProvider
{
    private const int MaxLength = 400;
    private static readonly TimeSpan NotAgainFor = TimeSpan.FromSeconds(10);

    // Categories whose warnings say for whom a silo waits, or that it is not what it was.
    private static readonly string[] Telling =
        ["Orleans.Raft.Storage.Clustering.Voter", "Orleans.Raft.Storage.Clustering.RaftMembershipTable", "Orleans.Raft.Hosting.RaftHost"];

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Category, int Event), long> _said = [];
    private volatile State _state = State.Starting;
    private volatile string? _waiting;

    private enum State
    {
        Starting,
        Running,
        Ending,
    }

    /// <summary>For whom a silo waited last, if one did.</summary>
    public string? Waiting => _waiting;

    /// <summary>From now on problems are said.</summary>
    public void OnStarted() => _state = State.Running;

    /// <summary>From now on nothing is said.</summary>
    public void OnEnding() => _state = State.Ending;

    public ILogger CreateLogger(string categoryName) => new Lines(this, categoryName, LeastOf(categoryName));

    public void Dispose()
    {
    }

    // Orleans calls errors what this program expects and deals with: conflicts, silos that are gone, being declared dead.
    private static LogLevel LeastOf(string category) =>
        Telling.Contains(category) ? LogLevel.Warning
        : category.StartsWith("Orleans.", StringComparison.Ordinal) && !category.StartsWith("Orleans.Raft.", StringComparison.Ordinal) ? LogLevel.Critical
        : LogLevel.Error;

    private void Say(string category, LogLevel level, EventId id, string text)
    {
        if (_state == State.Starting && level < LogLevel.Critical)
        {
            _waiting = id.Name is "LogWaits" or "LogWaiting" ? text : _waiting;
            return;
        }

        lock (_lock)
        {
            var key = (category, id.Id);
            if (_state == State.Ending || (_said.TryGetValue(key, out var last) && time.GetElapsedTime(last) < NotAgainFor))
            {
                return;
            }

            _said[key] = time.GetTimestamp();
            output.WriteLine(text.Length <= MaxLength ? text : text[..MaxLength] + "…");
        }
    }

    private sealed class Lines(PlainLog log, string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            // A lane to a silo that stopped is mended by itself.
            if (IsEnabled(logLevel) && eventId.Name != "LogLaneBroken")
            {
                var cause = exception is null ? "" : $" ({exception.Message})";
                log.Say(category, logLevel, eventId, $"{(logLevel == LogLevel.Warning ? "" : "error: ")}{formatter(state, exception)}{cause}".ReplaceLineEndings(" "));
            }
        }
    }
}
