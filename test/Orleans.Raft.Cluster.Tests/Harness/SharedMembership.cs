using Orleans.Runtime;

namespace Orleans.Raft.Cluster.Tests;

/// <summary>One membership table for all silos of a test process, so that each of them can be restarted, the first too.</summary>
public sealed class SharedMembership : IMembershipTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SiloAddress, (MembershipEntry Entry, string ETag)> _rows = [];
    private int _version;

    public Task InitializeMembershipTable(bool tryInitTableVersion) => Task.CompletedTask;

    public Task DeleteMembershipTableEntries(string clusterId)
    {
        lock (_gate)
        {
            _rows.Clear();
        }

        return Task.CompletedTask;
    }

    public Task CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => Task.CompletedTask;

    public Task<MembershipTableData> ReadRow(SiloAddress key) => Task.FromResult(Read(address => address.Equals(key)));

    public Task<MembershipTableData> ReadAll() => Task.FromResult(Read(_ => true));

    public Task<bool> InsertRow(MembershipEntry entry, TableVersion tableVersion) =>
        Task.FromResult(TryWrite(entry, null, tableVersion));

    public Task<bool> UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) =>
        Task.FromResult(TryWrite(entry, etag, tableVersion));

    public Task UpdateIAmAlive(MembershipEntry entry)
    {
        lock (_gate)
        {
            if (_rows.TryGetValue(entry.SiloAddress, out var row))
            {
                row.Entry.IAmAliveTime = entry.IAmAliveTime;
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Writes a row of a silo that is not there, as a killed process leaves one; or says that it is dead.</summary>
    public void WriteGhost(SiloAddress address, string name, SiloStatus status)
    {
        lock (_gate)
        {
            _version++;
            var entry = new MembershipEntry
            {
                SiloAddress = address,
                SiloName = name,
                HostName = "ghost",
                Status = status,
                StartTime = DateTime.UtcNow,
                IAmAliveTime = DateTime.UtcNow,
            };
            _rows[address] = (entry, $"{_version}");
        }
    }

    private static MembershipEntry Copy(MembershipEntry entry) => new()
    {
        SiloAddress = entry.SiloAddress,
        Status = entry.Status,
        SuspectTimes = entry.SuspectTimes is { } times ? [.. times] : null,
        ProxyPort = entry.ProxyPort,
        HostName = entry.HostName,
        SiloName = entry.SiloName,
        RoleName = entry.RoleName,
        UpdateZone = entry.UpdateZone,
        FaultZone = entry.FaultZone,
        StartTime = entry.StartTime,
        IAmAliveTime = entry.IAmAliveTime,
    };

    private MembershipTableData Read(Func<SiloAddress, bool> isWanted)
    {
        lock (_gate)
        {
            var rows = _rows.Where(row => isWanted(row.Key)).Select(row => Tuple.Create(Copy(row.Value.Entry), row.Value.ETag)).ToList();
            return new MembershipTableData(rows, new TableVersion(_version, $"{_version}"));
        }
    }

    private bool TryWrite(MembershipEntry entry, string? etag, TableVersion version)
    {
        lock (_gate)
        {
            _rows.TryGetValue(entry.SiloAddress, out var row);
            if (row.ETag != etag || version.Version != _version + 1)
            {
                return false;
            }

            _version++;
            _rows[entry.SiloAddress] = (Copy(entry), $"{_version}");
            return true;
        }
    }
}
