using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IEnumerable<string> Warnings => _lines.Where(static line => line.Level >= LogLevel.Warning).Select(static line => line.Text);

    public override string ToString() => string.Join('\n', _lines.Select(static line => $"{line.Level}: {line.Text}"));

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, formatter(state, exception)));

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
        // Lines stay here.
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
