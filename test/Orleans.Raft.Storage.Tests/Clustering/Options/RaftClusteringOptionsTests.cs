using Orleans.Configuration;
using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class RaftClusteringOptionsTests
{
    public static TheoryData<string, Action<RaftClusteringOptions>, string> Wrong => new()
    {
        { "Voters", static options => options.Voters.Clear(), "found 0 voters; expected one, three or five" },
        { "Voters", static options => options.Voters.Remove("s3"), "found 2 voters; expected one, three or five" },
        { "Voters", static options => options.Voters["s1"] = "nowhere", "found s1 → 'nowhere'; expected host:port" },
        { "Voters", static options => options.Voters["s1"] = "host:70000", "found s1 → 'host:70000'; expected host:port" },
        { "Voters", static options => options.Voters["s1"] = options.Voters["s2"], "found one address for two voters" },
        { "HeartbeatInterval", static options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(9), "found 00:00:00.0090000; expected 10 ms or more" },
        { "ElectionTimeout", static options => options.ElectionTimeout = TimeSpan.FromMilliseconds(400), "found 00:00:00.4000000; expected five times HeartbeatInterval (00:00:00.1000000)" },
        { "ElectionTimeout", static options => options.ElectionTimeout = TimeSpan.FromMinutes(2), "found 00:02:00; expected five times" },
        { "OperationTimeout", static options => options.OperationTimeout = TimeSpan.FromMilliseconds(500), "found 00:00:00.5000000; expected ElectionTimeout or more" },
        { "BindAddress", static options => options.BindAddress = "somewhere", "found 'somewhere'; expected an IP address" },
        { "ClientTls", static options => options.ServerTls = new(), "found not set, although its other half is; expected both or neither" },
        { "ServerTls", static options => options.ClientTls = new(), "found not set, although its other half is; expected both or neither" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_setting_that_cannot_work_is_named_with_what_was_found_and_what_is_allowed(string option, Action<RaftClusteringOptions> spoil, string message)
    {
        var options = Valid();
        new RaftClusteringOptionsValidator(options, "s1", isSilo: true).ValidateConfiguration();
        spoil(options);
        var refused = Assert.Throws<OrleansConfigurationException>(() => new RaftClusteringOptionsValidator(options, "s1", isSilo: true).ValidateConfiguration());
        Assert.StartsWith($"RaftClusteringOptions.{option}: {message}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_silo_needs_a_name_and_a_client_does_not()
    {
        var refused = Assert.Throws<OrleansConfigurationException>(() => new RaftClusteringOptionsValidator(Valid(), " ", isSilo: true).ValidateConfiguration());
        Assert.StartsWith("RaftClusteringOptions.SiloName: found not set; expected a stable name", refused.Message, StringComparison.Ordinal);
        new RaftClusteringOptionsValidator(Valid(), null, isSilo: false).ValidateConfiguration();
    }

    [Theory]
    [InlineData("127.0.0.1:1", null, "127.0.0.1:1")]
    [InlineData("localhost:1", null, "127.0.0.1:1")]
    [InlineData("[::1]:1", null, "[::1]:1")]
    [InlineData("10.0.0.1:1", null, "0.0.0.0:1")]
    [InlineData("some.host:1", null, "0.0.0.0:1")]
    [InlineData("[fd00::1]:1", null, "[::]:1")]
    [InlineData("10.0.0.1:1", "10.0.0.5:2", "10.0.0.5:2")]
    public void A_voter_listens_in_the_family_of_its_own_address(string own, string? bind, string expected)
    {
        var options = Valid();
        (options.Voters["s1"], options.BindAddress) = (own, bind);
        var settings = ClusteringSettings.From(options, new ClusterOptions(), "s1", isSilo: true, "", TimeSpan.Zero);
        Assert.Equal(expected, settings.Listen!.ToString());
    }

    private static RaftClusteringOptions Valid() => new()
    {
        Voters = { ["s1"] = "10.0.0.1:11311", ["s2"] = "10.0.0.2:11311", ["s3"] = "[fd00::3]:11311" },
    };
}
