using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Raft.Hosting;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Tests.Hosting;

/// <summary>Options are bound from configuration, and what cannot work is refused with option, value and range.</summary>
public sealed class RaftOptionsTests
{
    public static TheoryData<string, string, string> Wrong => new()
    {
        { "TickInterval", "00:00:00.001", "00:00:00.0100000 to 00:00:10" },
        { "HeartbeatTicks", "0", "1 to 1000" },
        { "ElectionTicks", "4", "5 to 10000" },
        { "RequestTimeout", "00:10:00", "00:00:01 to 00:05:00" },
        { "MaxEntryBytes", "100", "1024 to 16777216" },
        { "LaneWindowBytes", "100", "2097152 to 1073741824" },
        { "MaxInflightAppends", "0", "1 to 65536" },
        { "MaxInflightBytes", "100", "1048576 to 16777216" },
        { "MaxInflightBytes", "33554432", "1048576 to 16777216" },
        { "MaxWaitingRequests", "0", "1 to 10000000" },
        { "CompactionEntries", "1", "10 to 10000000" },
        { "CompactionTailEntries", "-1", "0 to 10000000" },
        { "ReplacementDelay", "2.00:00:00", "00:00:00 to 1.00:00:00" },
        { "LeaderBalancingInterval", "00:00:00.01", "00:00:00.1000000 to 01:00:00" },
        { "ReadMode", "7", "Safe, Lease" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_value_out_of_range_is_refused_with_option_value_and_range(string option, string value, string range)
    {
        var refused = Assert.Throws<OrleansConfigurationException>(() => Validate(new() { [option] = value }));
        Assert.StartsWith($"RaftOptions.{option} is ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(range, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_is_bound_from_configuration()
    {
        var values = new Dictionary<string, string?>
        {
            ["InitialSilos:0"] = "a",
            ["InitialSilos:1"] = "b",
            ["DataDirectory"] = "/data",
            ["InMemory"] = "true",
            ["TickInterval"] = "00:00:00.1",
            ["ElectionTicks"] = "30",
            ["HeartbeatTicks"] = "3",
            ["PreVote"] = "false",
            ["CheckQuorum"] = "true",
            ["ReadMode"] = "Lease",
            ["Hibernation"] = "true",
            ["LeaderBalancing"] = "false",
            ["LeaderBalancingInterval"] = "00:00:07",
            ["RequestTimeout"] = "00:00:08",
            ["MaxEntryBytes"] = "2048",
            ["LaneWindowBytes"] = "10000",
            ["MaxInflightAppends"] = "17",
            ["MaxInflightBytes"] = "5000",
            ["MaxWaitingRequests"] = "18",
            ["CompactionEntries"] = "19",
            ["CompactionTailEntries"] = "20",
            ["ReplacementDelay"] = "00:00:21",
        };
        var bound = Validate(values);

        var defaults = new RaftOptions();
        foreach (var option in typeof(RaftOptions).GetProperties())
        {
            Assert.True(values.Keys.Any(key => key.Split(':')[0] == option.Name), $"{option.Name} is not in this test");
            Assert.True(option.Name == nameof(RaftOptions.CheckQuorum) || !Equals(option.GetValue(bound), option.GetValue(defaults)), $"{option.Name} was not bound");
        }

        Assert.Equal(["a", "b"], bound.InitialSilos);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Leases_without_check_quorum_are_refused(bool isFamilys)
    {
        var refused = Assert.Throws<OrleansConfigurationException>(() => Validate(
            new() { ["CheckQuorum"] = "false", ["ReadMode"] = isFamilys ? "Safe" : "Lease" }, group => group.ReadMode = isFamilys ? RaftReadMode.Lease : null));
        Assert.Contains("RaftOptions.CheckQuorum is false", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(isFamilys ? "RaftGroupOptions of sums" : "RaftOptions", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Groups", "0", "1 to 65536")]
    [InlineData("ReplicationFactor", "10", "1 to 9")]
    [InlineData("RequestTimeout", "00:00:00.5", "00:00:01 to 00:05:00")]
    [InlineData("ReadMode", "3", "Safe, Lease")]
    public void A_familys_value_out_of_range_is_refused_with_family_option_value_and_range(string option, string value, string range)
    {
        var refused = Assert.Throws<OrleansConfigurationException>(
            () => Validate([], group => Section(new() { [option] = value }).Bind(group)));
        Assert.StartsWith($"RaftGroupOptions of sums: {option} is ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(range, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Silo_0a1b2", true)]
    [InlineData("Silo_00000", true)]
    [InlineData("Silo_0", false)]
    [InlineData("Silo_0a1b23", false)]
    [InlineData("Silo_0A1B2", false)]
    [InlineData("silo-1", false)]
    public void A_random_silo_name_with_a_durable_store_is_refused_where_silos_are_named(string name, bool isRefused)
    {
        var durable = new Dictionary<string, string?> { ["InMemory"] = "false", ["InitialSilos:0"] = "a" };
        var refused = Assert.Throws<OrleansConfigurationException>(() => Validate(durable, siloName: name));

        // A good name comes as far as the engine, which is not registered here.
        Assert.StartsWith(isRefused ? $"SiloOptions.SiloName is {name}" : "RaftOptions.InMemory is false", refused.Message, StringComparison.Ordinal);
        Validate(new() { ["InitialSilos:0"] = "a" }, siloName: name);
    }

    [Theory]
    [InlineData("Silo_0a1b2", "silo")]
    [InlineData(null, "silo")]
    [InlineData("Silo_0", "Silo_0")]
    [InlineData("mine", "mine")]
    public void A_silo_alone_without_a_name_of_its_own_is_called_silo(string? name, string expected)
    {
        var options = new SiloOptions { SiloName = name! };
        new LoneSiloName(Options.Create(new RaftOptions())).PostConfigure(null, options);
        Assert.Equal(expected, options.SiloName);
    }

    private static IConfiguration Section(Dictionary<string, string?> values) => new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    private static RaftOptions Validate(Dictionary<string, string?> values, Action<RaftGroupOptions>? group = null, string siloName = "a")
    {
        values.TryAdd("InMemory", "true");
        var services = new ServiceCollection();
        services.AddLogging();
        services.Configure<SiloOptions>(options => options.SiloName = siloName);
        services.Configure<RaftOptions>(Section(values));
        services.AddRaftGroup("sums", (_, _) => new SumMachine(), group);
        using var provider = services.BuildServiceProvider();
        new RaftOptionsValidator(
            provider.GetRequiredService<IOptions<RaftOptions>>(),
            provider.GetRequiredService<IOptions<SiloOptions>>(),
            provider.GetServices<RaftGroupFamily>(),
            []).ValidateConfiguration();
        return provider.GetRequiredService<IOptions<RaftOptions>>().Value;
    }
}
