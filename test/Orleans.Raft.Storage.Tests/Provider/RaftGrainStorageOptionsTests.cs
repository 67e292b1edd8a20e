using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Storage.Provider;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Storage;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Provider;

public sealed class RaftGrainStorageOptionsTests
{
    private readonly List<string> _warnings = [];

    [Theory]
    [InlineData("a/b", "Groups", "16")]
    [InlineData("raft", "Groups", "0")]
    [InlineData("raft", "Groups", "4097")]
    [InlineData("raft", "ReplicationFactor", "0")]
    [InlineData("raft", "MaxStateSize", "0")]
    [InlineData("raft", "RequestTimeout", "00:00:00.5")]
    [InlineData("raft", "RequestTimeout", "00:10:00")]
    [InlineData("raft", "ReadMode", "7")]
    public void An_option_out_of_range_is_refused_with_its_name(string name, string option, string value)
    {
        var error = Refused(name, options => new ConfigurationBuilder().AddInMemoryCollection([new(option, value)]).Build().Bind(options));
        Assert.Contains($"'{name}'", error, StringComparison.Ordinal);
        Assert.True(name != "raft" || error.Contains(option, StringComparison.Ordinal), error);
    }

    [Fact]
    public void A_largest_state_that_does_not_fit_a_lane_or_a_message_of_Orleans_is_refused_with_both_options_and_values()
    {
        var lane = Refused("raft", options => options.MaxStateSize = 20_000_000);
        Assert.Contains("MaxStateSize is 20000000", lane, StringComparison.Ordinal);
        Assert.Contains("RaftOptions.LaneWindowBytes, which is 16777216", lane, StringComparison.Ordinal);
        var message = Refused("raft", _ => { }, services => services.Configure<SiloMessagingOptions>(messaging => messaging.MaxMessageBodySize = 1_000_000));
        Assert.Contains("MaxStateSize is 4194304", message, StringComparison.Ordinal);
        Assert.Contains("SiloMessagingOptions.MaxMessageBodySize, which is 1000000", message, StringComparison.Ordinal);
        Validate("raft", options => options.MaxStateSize = 16_000_000);
    }

    [Fact]
    public void A_backing_storage_that_is_Raft_or_missing_or_late_is_refused_with_the_reason()
    {
        Assert.Contains("'raft': that is this provider itself", Refused("raft", Backing("raft")), StringComparison.Ordinal);
        Assert.Contains("no grain storage of that name", Refused("raft", Backing("nowhere")), StringComparison.Ordinal);
        Assert.Contains(
            "that is a Raft provider too", Refused("raft", Backing("other"), services => services.AddRaftGrainStorage("other", (RaftGrainStorageOptions _) => { })), StringComparison.Ordinal);
        Assert.Contains(
            $"starts in stage {ServiceLifecycleStage.Active}",
            Refused("raft", Backing("late"), services => services.AddGrainStorage("late", (_, _) => new StagedStorage(ServiceLifecycleStage.Active))),
            StringComparison.Ordinal);
        Validate("raft", Backing("early"), services => services.AddGrainStorage("early", (_, _) => new StagedStorage(ServiceLifecycleStage.ApplicationServices)));
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_budget_longer_than_a_grain_calls_is_warned_of_with_both_values()
    {
        Validate("raft", options => options.RequestTimeout = TimeSpan.FromSeconds(45));
        var warning = Assert.Single(_warnings);
        Assert.Contains("RequestTimeout is 00:00:45", warning, StringComparison.Ordinal);
        Assert.Contains("ResponseTimeout = 00:00:30", warning, StringComparison.Ordinal);
    }

    private static Action<RaftGrainStorageOptions> Backing(string name) => options => options.BackingStorageName = name;

    private string Refused(string name, Action<RaftGrainStorageOptions> configure, Action<IServiceCollection>? add = null) =>
        Assert.Throws<OrleansConfigurationException>(() => Validate(name, configure, add)).Message;

    private void Validate(string name, Action<RaftGrainStorageOptions> configure, Action<IServiceCollection>? add = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(new Warnings(_warnings))).AddSerializer();
        add?.Invoke(services);
        services.AddRaftGrainStorage(name, configure);
        using var provider = services.BuildServiceProvider();
        foreach (var validator in provider.GetServices<IConfigurationValidator>().OfType<RaftGrainStorageOptionsValidator>())
        {
            validator.ValidateConfiguration();
        }
    }

    private sealed class StagedStorage(int stage) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe("staged", stage, _ => throw new InvalidOperationException("nobody starts it"));

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException();

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException();

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => throw new InvalidOperationException();
    }

    private sealed class Warnings(List<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Add(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
