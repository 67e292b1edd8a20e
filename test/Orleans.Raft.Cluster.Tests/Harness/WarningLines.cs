using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>Keeps the warnings, and worse, of this library.</summary>
public sealed class WarningLines : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Lined(this, categoryName.StartsWith("Orleans.Raft", StringComparison.Ordinal));

    public void Dispose()
    {
    }

    private sealed class Lined(WarningLines owner, bool isOurs) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => isOurs && logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Lines.Enqueue(formatter(state, exception));
            }
        }
    }
}
