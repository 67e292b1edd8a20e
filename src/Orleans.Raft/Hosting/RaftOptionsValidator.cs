using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Raft.Hosting;

/// <summary>Refuses options that cannot work before anything is opened.</summary>
internal sealed class RaftOptionsValidator(
    IOptions<RaftOptions> options, IOptions<SiloOptions> silo, IEnumerable<RaftGroupFamily> families, IEnumerable<ILogStoreFactory> stores)
    : IConfigurationValidator
{
    /// <inheritdoc/>
    public void ValidateConfiguration()
    {
        var value = options.Value;
        Range(value.TickInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(10), nameof(RaftOptions.TickInterval));
        Range(value.HeartbeatTicks, 1, 1000, nameof(RaftOptions.HeartbeatTicks));
        Range(value.ElectionTicks, (2 * value.HeartbeatTicks) + 1, 10_000, nameof(RaftOptions.ElectionTicks));
        Range(value.RequestTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), nameof(RaftOptions.RequestTimeout));
        Range(value.MaxEntryBytes, 1 << 10, 16 << 20, nameof(RaftOptions.MaxEntryBytes));
        Range(value.LaneWindowBytes, 2 * value.MaxEntryBytes, 1 << 30, nameof(RaftOptions.LaneWindowBytes));
        Range(value.MaxInflightAppends, 1, 65_536, nameof(RaftOptions.MaxInflightAppends));
        Range(value.MaxInflightBytes, value.MaxEntryBytes, value.LaneWindowBytes, nameof(RaftOptions.MaxInflightBytes));
        Range(value.MaxWaitingRequests, 1, 10_000_000, nameof(RaftOptions.MaxWaitingRequests));
        ValidateReadMode(value);
        Range(value.CompactionEntries, 10, 10_000_000, nameof(RaftOptions.CompactionEntries));
        Range(value.CompactionTailEntries, 0, 10_000_000, nameof(RaftOptions.CompactionTailEntries));
        Range(value.ReplacementDelay, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(RaftOptions.ReplacementDelay));
        Range(value.LeaderBalancingInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), nameof(RaftOptions.LeaderBalancingInterval));
        ValidateNames(value);
        ValidateFamilies();
        if (!value.InMemory && !stores.Any())
        {
            throw new OrleansConfigurationException(
                "RaftOptions.InMemory is false and no storage engine is registered. Add the package Orleans.Raft.Storage and call "
                + "siloBuilder.AddRaftEngine(), or set RaftOptions.InMemory to true and lose everything when the silo stops.");
        }
    }

    private void ValidateReadMode(RaftOptions value)
    {
        Defined(value.ReadMode, nameof(RaftOptions.ReadMode));
        var lease = value.ReadMode == RaftReadMode.Lease ? "RaftOptions" : null;
        foreach (var family in families)
        {
            if (family.Options.ReadMode is { } mode)
            {
                Defined(mode, $"RaftGroupOptions of {family.Name}: {nameof(RaftGroupOptions.ReadMode)}");
                lease ??= mode == RaftReadMode.Lease ? $"RaftGroupOptions of {family.Name}" : null;
            }
        }

        if (lease is not null && !value.CheckQuorum)
        {
            throw new OrleansConfigurationException(
                $"{lease} has {nameof(RaftOptions.ReadMode)} {RaftReadMode.Lease} and RaftOptions.{nameof(RaftOptions.CheckQuorum)} is false; with leases it must be true.");
        }
    }

    private static void Defined(RaftReadMode value, string option)
    {
        if (!Enum.IsDefined(value))
        {
            var name = option.Contains(':') ? option : $"{nameof(RaftOptions)}.{option}";
            throw new OrleansConfigurationException($"{name} is {value}; allowed are {string.Join(", ", Enum.GetNames<RaftReadMode>())}.");
        }
    }

    private void ValidateNames(RaftOptions value)
    {
        var duplicate = value.InitialSilos.GroupBy(name => name, StringComparer.Ordinal).FirstOrDefault(names => names.Count() > 1);
        if (duplicate is not null || value.InitialSilos.Any(string.IsNullOrWhiteSpace))
        {
            throw new OrleansConfigurationException(
                $"RaftOptions.InitialSilos is [{string.Join(", ", value.InitialSilos)}]; every name must be there once and not be empty.");
        }

        if (value.InitialSilos.Count > 9)
        {
            throw new OrleansConfigurationException(
                $"RaftOptions.InitialSilos has {value.InitialSilos.Count} names; allowed are 0 to 9, best 3 or 5: each of them must run at the cluster's birth.");
        }

        if (!value.InMemory && value.InitialSilos.Count > 0 && LoneSiloName.IsRandom(silo.Value.SiloName))
        {
            throw new OrleansConfigurationException(
                $"SiloOptions.SiloName is {silo.Value.SiloName}, which is Orleans' random default: with a new name at every start the silo's data "
                + $"would be nobody's. Set SiloOptions.SiloName (Orleans:Name) to a stable name, one of RaftOptions.InitialSilos [{string.Join(", ", value.InitialSilos)}] "
                + "where the silo holds the first replicas.");
        }
    }

    private void ValidateFamilies()
    {
        foreach (var family in families)
        {
            var group = $"RaftGroupOptions of {family.Name}: ";
            Range(family.Options.Groups, 1, 65_536, group + nameof(RaftGroupOptions.Groups));
            Range(family.Options.ReplicationFactor, 1, 9, group + nameof(RaftGroupOptions.ReplicationFactor));
            if (family.Options.RequestTimeout is { } timeout)
            {
                Range(timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5), group + nameof(RaftGroupOptions.RequestTimeout));
            }

            if (family.Name.Length is 0 or > 100 || family.Name.Any(character => character is '/' or '@' or '$' || char.IsControl(character)))
            {
                throw new OrleansConfigurationException(
                    $"A group family is called \"{family.Name}\"; a name has 1 to 100 characters, none of them '/', '@', '$' or a control character.");
            }
        }

        var twice = families.GroupBy(family => family.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1);
        if (twice is not null)
        {
            throw new OrleansConfigurationException($"The group family {twice.Key} is registered {twice.Count()} times; once is allowed.");
        }
    }

    private static void Range<T>(T value, T low, T high, string option) where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            var name = option.Contains(':') ? option : $"{nameof(RaftOptions)}.{option}";
            throw new OrleansConfigurationException($"{name} is {value}; allowed is {low} to {high}.");
        }
    }
}
