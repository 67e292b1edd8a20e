using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>Refuses settings that cannot work, before anything starts.</summary>
internal sealed class RaftClusteringOptionsValidator(RaftClusteringOptions options, string? siloName, bool isSilo) : IConfigurationValidator
{
    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        Require(
            options.Voters.Count is 1 or 3 or 5,
            nameof(options.Voters),
            $"{options.Voters.Count} voters",
            "one, three or five, the same on every silo; further silos and clients join through them");
        foreach (var (name, address) in options.Voters)
        {
            Require(name.Length is > 0 and <= 100, nameof(options.Voters), $"a voter named '{name}'", "a name of 1 to 100 characters");
            Require(ClusteringSettings.TryParseAddress(address, out _, out _), nameof(options.Voters), $"{name} → '{address}'", "host:port");
        }

        Require(
            options.Voters.Values.Distinct(StringComparer.OrdinalIgnoreCase).Count() == options.Voters.Count,
            nameof(options.Voters),
            "one address for two voters",
            "an address of its own for each");
        Require(options.HeartbeatInterval >= TimeSpan.FromMilliseconds(10), nameof(options.HeartbeatInterval), options.HeartbeatInterval, "10 ms or more");
        Require(
            options.ElectionTimeout >= 5 * options.HeartbeatInterval && options.ElectionTimeout <= TimeSpan.FromMinutes(1),
            nameof(options.ElectionTimeout),
            options.ElectionTimeout,
            $"five times HeartbeatInterval ({options.HeartbeatInterval}) to one minute");
        Require(options.OperationTimeout >= options.ElectionTimeout, nameof(options.OperationTimeout), options.OperationTimeout, "ElectionTimeout or more");
        Require(
            options.BindAddress is null || ClusteringSettings.TryParseBind(options.BindAddress, 1, out _),
            nameof(options.BindAddress),
            $"'{options.BindAddress}'",
            "an IP address, with a port if it differs from the one in Voters");
        if (isSilo)
        {
            Require(
                (options.ServerTls is null) == (options.ClientTls is null),
                options.ServerTls is null ? nameof(options.ServerTls) : nameof(options.ClientTls),
                "not set, although its other half is",
                "both or neither, on all silos: each voter is server and client of the others");
            Require(
                !string.IsNullOrWhiteSpace(siloName),
                nameof(options.SiloName),
                "not set",
                "a stable name, the same after each restart (or SiloOptions.SiloName, configuration key Orleans:Name)");
        }
    }

    private static void Require(bool condition, string option, object found, string allowed)
    {
        if (!condition)
        {
            throw new OrleansConfigurationException($"RaftClusteringOptions.{option}: found {found}; expected {allowed}.");
        }
    }
}
