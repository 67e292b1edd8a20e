using Microsoft.Extensions.Logging;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>Appends what silos log to the file that ORLEANS_RAFT_TEST_LOG names, if it does; for looking into a failed test.</summary>
public sealed class FileLoggerProvider(string silo) : ILoggerProvider
{
    private static readonly string? Path = Environment.GetEnvironmentVariable("ORLEANS_RAFT_TEST_LOG");
    private static readonly Lock Gate = new();

    public ILogger CreateLogger(string categoryName) => new FileLogger(silo, categoryName);

    public void Dispose()
    {
    }

    private sealed class FileLogger(string silo, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => Path is not null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (Path is null)
            {
                return;
            }

            var line = $"{DateTime.UtcNow:HH:mm:ss.fff} {silo} {logLevel} {category}: {formatter(state, exception)} {exception}\n";
            lock (Gate)
            {
                File.AppendAllText(Path, line);
            }
        }
    }
}
